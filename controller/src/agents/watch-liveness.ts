import { findAttempt, listUnfinishedAttempts } from "../database/attempts-table.ts";
import { loseAttempt } from "./lose-attempt.ts";
import type { VerbDeps } from "./verb-deps.ts";

/** Gives up every open attempt whose agent was not heard for longer than the time-out (A4). */
export const giveUpSilentAttempts = async (deps: VerbDeps): Promise<void> => {
  for (const attempt of await listUnfinishedAttempts(deps.database.queries)) {
    if (attempt.state !== "open" || !deps.liveness.isLost(attempt.attemptId)) continue;
    const message = `agent ${attempt.agentName} was not heard for ${deps.heartbeatTimeoutMs / 1_000} s`;
    await loseAttempt(deps, attempt.attemptId, message);
  }
};

/** Forgets the tickets of attempts that have ended, however they did. */
export const dropDeadTickets = async (deps: Pick<VerbDeps, "tickets" | "database">): Promise<void> => {
  for (const attemptId of deps.tickets.attemptIds()) {
    const attempt = await findAttempt(deps.database.queries, attemptId);
    if (attempt?.state !== "open") deps.tickets.drop(attemptId);
  }
};
