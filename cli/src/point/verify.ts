import { PointService, VerifyPointResponseSchema } from "@holdfast/proto/holdfast/controller/v1/point_pb";
import { randomName } from "@holdfast/shared/ids/ids";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import { showStarted } from "../session/show-started.ts";

interface VerifyOptions {
  readonly wait?: boolean;
  readonly requestId?: string;
}

/** `point verify` */
export const pointVerify: CommandMaker = (context) =>
  verb("verify <point>", "Read every chunk of a point back and compare it with its id", [
    "point verify 7h2k9x0c2m1qa4b8d3e5 --wait",
  ])
    .option("--wait", "show progress and wait for the end; the exit code tells the result")
    .option("--request-id <words>", "the same words start one session, however often they are sent")
    .action(async (pointId: string, _options, command) => {
      const options = optionsOf<VerifyOptions>(command);
      const requestId = options.requestId ?? randomName(16);
      const answer = await withService(context, options, PointService, (client) =>
        client.verifyPoint({ pointId, requestId }, { signal: context.signal, timeoutMs: slowCallMs }),
      );
      await showStarted(context, options, { schema: VerifyPointResponseSchema, answer });
    });
