import { SessionService, StopSessionResponseSchema } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import { emit } from "../output/output.ts";
import { sessionText } from "./session-text.ts";

/** `session stop` */
export const sessionStop: CommandMaker = (context) =>
  verb("stop <session>", "Finish the VMs under way, start no more", ["session stop k3v9x0c2m1qa"]).action(
    async (sessionId: string, _options, command) => {
      const options = optionsOf(command);
      const answer = await withService(context, options, SessionService, (client) =>
        client.stopSession({ sessionId }, { signal: context.signal, timeoutMs: slowCallMs }),
      );
      emit(context, options, {
        schema: StopSessionResponseSchema,
        message: answer,
        table: () => (answer.session ? sessionText(answer.session) : ""),
      });
    },
  );
