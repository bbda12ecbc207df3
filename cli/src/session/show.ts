import { GetSessionResponseSchema, SessionService } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs } from "../connection.ts";
import { showAnswer } from "../show-answer.ts";
import { sessionText } from "./session-text.ts";

/** `session show` */
export const sessionShow: CommandMaker = (context) =>
  verb("show <session>", "Show one session: per VM where it went, what was read, why", [
    "session show k3v9x0c2m1qa",
  ]).action(async (sessionId: string, _options, command) => {
    const options = optionsOf(command);
    await showAnswer(context, options, {
      service: SessionService,
      answer: GetSessionResponseSchema,
      timeoutMs: quickCallMs,
      ask: (client, call) => client.getSession({ sessionId }, call),
      text: (answer) => (answer.session ? sessionText(answer.session) : ""),
    });
  });
