import { ListSessionsResponseSchema, SessionService } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs } from "../connection.ts";
import { collectBatches } from "../output/collect-batches.ts";
import { showAnswer } from "../show-answer.ts";
import { sessionsTable } from "./session-text.ts";

interface ListOptions {
  readonly job?: string;
  readonly limit: string;
  readonly active?: boolean;
}

/** `session list` */
export const sessionList: CommandMaker = (context) =>
  verb("list", "List sessions, newest first", ["session list", "session list --job nightly --limit 5"])
    .option("--job <job>", "only this job's")
    .option("--active", "only those that have not ended")
    .option("--limit <count>", "at most this many", "50")
    .action(async (_options, command) => {
      const options = optionsOf<ListOptions>(command);
      const request = { job: options.job ?? "", limit: Number(options.limit), activeOnly: options.active ?? false };
      await showAnswer(context, options, {
        service: SessionService,
        answer: ListSessionsResponseSchema,
        timeoutMs: quickCallMs,
        ask: (client, call) => collectBatches(ListSessionsResponseSchema, client.listSessions(request, call)),
        text: (answer) => sessionsTable(answer.sessions),
      });
    });
