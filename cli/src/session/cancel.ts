import { SessionService, CancelSessionResponseSchema } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs } from "../connection.ts";
import { showAnswer } from "../show-answer.ts";
import { sessionText } from "./session-text.ts";

/** `session cancel` */
export const sessionCancel: CommandMaker = (context) =>
  verb("cancel <session>", "End the session, the VMs under way too", ["session cancel k3v9x0c2m1qa"]).action(
    async (sessionId: string, _options, command) => {
      const options = optionsOf(command);
      await showAnswer(context, options, {
        service: SessionService,
        answer: CancelSessionResponseSchema,
        timeoutMs: slowCallMs,
        ask: (client, call) => client.cancelSession({ sessionId }, call),
        text: (answer) => (answer.session ? sessionText(answer.session) : ""),
      });
    },
  );
