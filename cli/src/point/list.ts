import { ListPointsResponseSchema, PointService } from "@holdfast/proto/holdfast/controller/v1/point_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import { emit } from "../output/output.ts";
import { remarkText } from "../session/session-text.ts";
import { pointsTable } from "./point-text.ts";

interface ListOptions {
  readonly vm?: string;
  readonly repository?: string;
  readonly job?: string;
}

/** `point list` */
export const pointList: CommandMaker = (context) =>
  verb("list", "List restore points, oldest first", ["point list --vm web-1", "point list --repository main -o json"])
    .option("--vm <vm>", "only this VM's")
    .option("--repository <repository>", "only this repository's")
    .option("--job <job>", "only this job's")
    .action(async (_options, command) => {
      const options = optionsOf<ListOptions>(command);
      const request = { vm: options.vm ?? "", repository: options.repository ?? "", job: options.job ?? "" };
      const answer = await withService(context, options, PointService, (client) =>
        client.listPoints(request, { signal: context.signal, timeoutMs: slowCallMs }),
      );
      for (const remark of answer.remarks) context.note(remarkText(remark));
      emit(context, options, {
        schema: ListPointsResponseSchema,
        message: answer,
        table: () => pointsTable(answer.points),
      });
    });
