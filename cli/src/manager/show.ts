import { GetManagerResponseSchema, ManagerService } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs } from "../connection.ts";
import { showAnswer } from "../show-answer.ts";
import { managerText } from "./manager-text.ts";

/** `manager show` */
export const managerShow: CommandMaker = (context) =>
  verb("show <manager>", "Show one manager: state, anchors, what it has", ["manager show prod"]).action(
    async (manager: string, _options, command) => {
      const options = optionsOf(command);
      await showAnswer(context, options, {
        service: ManagerService,
        answer: GetManagerResponseSchema,
        timeoutMs: quickCallMs,
        ask: (client, call) => client.getManager({ manager }, call),
        text: (answer) => (answer.manager ? managerText(answer.manager) : ""),
      });
    },
  );
