import { GetPointResponseSchema, PointService } from "@holdfast/proto/holdfast/controller/v1/point_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import { emit } from "../output/output.ts";
import { pointText } from "./point-text.ts";

/** `point show` */
export const pointShow: CommandMaker = (context) =>
  verb("show <point>", "Show one point: disks, bytes, why it is kept", ["point show 7h2k9x0c2m1qa4b8d3e5"])
    .option("--ovf", "print only the VM's OVF")
    .action(async (pointId: string, _options, command) => {
      const options = optionsOf<{ ovf?: boolean }>(command);
      const answer = await withService(context, options, PointService, (client) =>
        client.getPoint({ pointId }, { signal: context.signal, timeoutMs: slowCallMs }),
      );
      if (options.ovf === true) context.print(answer.point?.ovf ?? "");
      else
        emit(context, options, {
          schema: GetPointResponseSchema,
          message: answer,
          table: () => (answer.point ? pointText(answer.point) : ""),
        });
    });
