import { GetManagerResponseSchema, ManagerService } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs } from "../connection.ts";
import { showAnswer } from "../show-answer.ts";
import { cleaningText } from "./cleaning-text.ts";
import { managerText } from "./manager-text.ts";

/** `manager show` */
export const managerShow: CommandMaker = (context) =>
  verb("show <manager>", "Show one manager: state, anchors, what it has, what was cleaned up there and what is left", [
    "manager show prod",
  ]).action(async (manager: string, _options, command) => {
    const options = optionsOf(command);
    await showAnswer(context, options, {
      service: ManagerService,
      answer: GetManagerResponseSchema,
      timeoutMs: quickCallMs,
      ask: (client, call) => client.getManager({ manager }, call),
      text: ({ manager: found, cleaning }) => {
        if (found === undefined) return "";
        return cleaning === undefined ? managerText(found) : `${managerText(found)}\n${cleaningText(cleaning)}`;
      },
    });
  });
