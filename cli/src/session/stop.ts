import { SessionService, StopSessionResponseSchema } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs } from "../connection.ts";
import { showAnswer } from "../show-answer.ts";
import { sessionText } from "./session-text.ts";

/** `session stop` */
export const sessionStop: CommandMaker = (context) =>
  verb("stop <session>", "Finish the VMs under way, start no more", ["session stop k3v9x0c2m1qa"]).action(
    async (sessionId: string, _options, command) => {
      const options = optionsOf(command);
      await showAnswer(context, options, {
        service: SessionService,
        answer: StopSessionResponseSchema,
        timeoutMs: slowCallMs,
        ask: (client, call) => client.stopSession({ sessionId }, call),
        text: (answer) => (answer.session ? sessionText(answer.session) : ""),
      });
    },
  );
