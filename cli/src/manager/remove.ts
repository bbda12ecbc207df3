import { ManagerService, RemoveManagerResponseSchema } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import { emit } from "../output/output.ts";

/** `manager remove` */
export const managerRemove: CommandMaker = (context) =>
  verb("remove <manager>", "Forget a manager; restore points stay", [
    "manager remove lab",
    "manager remove lab --force",
  ])
    .option("--force", "also when jobs name its VMs")
    .action(async (manager: string, _options, command) => {
      const options = optionsOf<{ force?: boolean }>(command);
      const answer = await withService(context, options, ManagerService, (client) =>
        client.removeManager(
          { manager, force: options.force ?? false },
          { signal: context.signal, timeoutMs: slowCallMs },
        ),
      );
      emit(context, options, {
        schema: RemoveManagerResponseSchema,
        message: answer,
        table: () => `manager ${manager} is forgotten`,
      });
    });
