import { SessionService, CancelSessionResponseSchema } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import { emit } from "../output/output.ts";
import { sessionText } from "./session-text.ts";

/** `session cancel` */
export const sessionCancel: CommandMaker = (context) =>
  verb("cancel <session>", "End the session, the VMs under way too", ["session cancel k3v9x0c2m1qa"]).action(
    async (sessionId: string, _options, command) => {
      const options = optionsOf(command);
      const answer = await withService(context, options, SessionService, (client) =>
        client.cancelSession({ sessionId }, { signal: context.signal, timeoutMs: slowCallMs }),
      );
      emit(context, options, {
        schema: CancelSessionResponseSchema,
        message: answer,
        table: () => (answer.session ? sessionText(answer.session) : ""),
      });
    },
  );
