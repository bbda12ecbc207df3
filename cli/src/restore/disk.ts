import { RestoreDiskResponseSchema, RestoreService } from "@holdfast/proto/holdfast/controller/v1/restore_pb";
import { randomName } from "@holdfast/shared/ids/ids";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import { emit } from "../output/output.ts";
import { watchToEnd } from "../session/watch.ts";
import { type TargetOptions, targetOf, withTargetOptions } from "./target-options.ts";

interface DiskOptions extends TargetOptions {
  readonly alias?: string;
  readonly wait?: boolean;
}

/** `restore disk` */
export const restoreDisk: CommandMaker = (context) =>
  withTargetOptions(
    verb("disk <point> <disk>", "Restore one disk as a new, unattached one", [
      "restore disk 7h2k9x0c2m1qa4b8d3e5 web-1_data --wait",
    ]),
  )
    .option("--alias <alias>", "alias of the new disk")
    .option("--wait", "show progress and wait for the end; the exit code tells the result")
    .action(async (pointId: string, disk: string, _options, command) => {
      const options = optionsOf<DiskOptions>(command);
      const request = {
        pointId,
        disk,
        target: targetOf(options),
        alias: options.alias ?? "",
        requestId: randomName(16),
      };
      const answer = await withService(context, options, RestoreService, (client) =>
        client.restoreDisk(request, { signal: context.signal, timeoutMs: slowCallMs }),
      );
      if (options.wait === true) await watchToEnd(context, options, answer.sessionId);
      else
        emit(context, options, {
          schema: RestoreDiskResponseSchema,
          message: answer,
          table: () => `session ${answer.sessionId} started`,
        });
    });
