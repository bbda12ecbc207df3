import { GetSessionResponseSchema, SessionService } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs, withService } from "../connection.ts";
import { emit } from "../output/output.ts";
import { sessionText } from "./session-text.ts";

/** `session show` */
export const sessionShow: CommandMaker = (context) =>
  verb("show <session>", "Show one session: per VM where it went, what was read, why", [
    "session show k3v9x0c2m1qa",
  ]).action(async (sessionId: string, _options, command) => {
    const options = optionsOf(command);
    const answer = await withService(context, options, SessionService, (client) =>
      client.getSession({ sessionId }, { signal: context.signal, timeoutMs: quickCallMs }),
    );
    emit(context, options, {
      schema: GetSessionResponseSchema,
      message: answer,
      table: () => (answer.session ? sessionText(answer.session) : ""),
    });
  });
