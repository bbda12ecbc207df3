import { ListManagersResponseSchema, ManagerService } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs } from "../connection.ts";
import { showAnswer } from "../show-answer.ts";
import { managersTable } from "./manager-text.ts";

/** `manager list` */
export const managerList: CommandMaker = (context) =>
  verb("list", "List the oVirt Managers", ["manager list", "manager list -o json"]).action(
    async (_options, command) => {
      const options = optionsOf(command);
      await showAnswer(context, options, {
        service: ManagerService,
        answer: ListManagersResponseSchema,
        timeoutMs: quickCallMs,
        ask: (client, call) => client.listManagers({}, call),
        text: (answer) => managersTable(answer.managers),
      });
    },
  );
