import { ListManagersResponseSchema, ManagerService } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs, withService } from "../connection.ts";
import { emit } from "../output/output.ts";
import { managersTable } from "./manager-text.ts";

/** `manager list` */
export const managerList: CommandMaker = (context) =>
  verb("list", "List the oVirt Managers", ["manager list", "manager list -o json"]).action(
    async (_options, command) => {
      const options = optionsOf(command);
      const answer = await withService(context, options, ManagerService, (client) =>
        client.listManagers({}, { signal: context.signal, timeoutMs: quickCallMs }),
      );
      emit(context, options, {
        schema: ListManagersResponseSchema,
        message: answer,
        table: () => managersTable(answer.managers),
      });
    },
  );
