import { GetManagerResponseSchema, ManagerService } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs, withService } from "../connection.ts";
import { emit } from "../output/output.ts";
import { managerText } from "./manager-text.ts";

/** `manager show` */
export const managerShow: CommandMaker = (context) =>
  verb("show <manager>", "Show one manager: state, anchors, what it has", ["manager show prod"]).action(
    async (manager: string, _options, command) => {
      const options = optionsOf(command);
      const answer = await withService(context, options, ManagerService, (client) =>
        client.getManager({ manager }, { signal: context.signal, timeoutMs: quickCallMs }),
      );
      emit(context, options, {
        schema: GetManagerResponseSchema,
        message: answer,
        table: () => (answer.manager ? managerText(answer.manager) : ""),
      });
    },
  );
