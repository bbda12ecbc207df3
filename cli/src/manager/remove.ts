import { ManagerService, RemoveManagerResponseSchema } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs } from "../connection.ts";
import { showAnswer } from "../show-answer.ts";

/** `manager remove` */
export const managerRemove: CommandMaker = (context) =>
  verb("remove <manager>", "Forget a manager; restore points stay", [
    "manager remove lab",
    "manager remove lab --force",
  ])
    .option("--force", "also when jobs name its VMs")
    .action(async (manager: string, _options, command) => {
      const options = optionsOf<{ force?: boolean }>(command);
      await showAnswer(context, options, {
        service: ManagerService,
        answer: RemoveManagerResponseSchema,
        timeoutMs: slowCallMs,
        ask: (client, call) => client.removeManager({ manager, force: options.force ?? false }, call),
        text: () => `manager ${manager} is forgotten`,
      });
    });
