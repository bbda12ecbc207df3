import { RestoreService, RestoreVmResponseSchema } from "@holdfast/proto/holdfast/controller/v1/restore_pb";
import { randomName } from "@holdfast/shared/ids/ids";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import { emit } from "../output/output.ts";
import { watchToEnd } from "../session/watch.ts";
import { type TargetOptions, targetOf, withTargetOptions } from "./target-options.ts";

interface VmOptions extends TargetOptions {
  readonly name?: string;
  readonly start?: boolean;
  readonly keepMacs?: boolean;
  readonly wait?: boolean;
}

/** `restore vm` */
export const restoreVm: CommandMaker = (context) =>
  withTargetOptions(
    verb("vm <point>", "Restore a whole VM as a new one", [
      "restore vm 7h2k9x0c2m1qa4b8d3e5 --name web-1-restored --wait",
      "restore vm 7h2k9x0c2m1qa4b8d3e5 --cluster west --start",
    ]),
  )
    .option("--name <name>", "name of the new VM")
    .option("--start", "start it when it is done")
    .option("--keep-macs", "keep the MAC addresses; new ones unless given")
    .option("--wait", "show progress and wait for the end; the exit code tells the result")
    .action(async (pointId: string, _options, command) => {
      const options = optionsOf<VmOptions>(command);
      const request = {
        pointId,
        target: targetOf(options),
        name: options.name ?? "",
        start: options.start ?? false,
        keepMacs: options.keepMacs ?? false,
        requestId: randomName(16),
      };
      const answer = await withService(context, options, RestoreService, (client) =>
        client.restoreVm(request, { signal: context.signal, timeoutMs: slowCallMs }),
      );
      if (options.wait === true) await watchToEnd(context, options, answer.sessionId);
      else
        emit(context, options, {
          schema: RestoreVmResponseSchema,
          message: answer,
          table: () => `session ${answer.sessionId} started`,
        });
    });
