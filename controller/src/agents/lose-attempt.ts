import { endAttempt } from "../sessions/end-attempt.ts";
import type { VerbDeps } from "./verb-deps.ts";

/** Ends an attempt whose agent does not hold it any more; another try may help. `message` says how that is known. */
export const loseAttempt = async (
  deps: Pick<VerbDeps, "tickets" | "runner"> & Parameters<typeof endAttempt>[0],
  attemptId: string,
  message: string,
): Promise<void> => {
  const ending = { v: 1, cause: "lost", code: "AGENT_LOST", message, retryable: true } as const;
  const taskId = await endAttempt(deps, attemptId, ending);
  deps.tickets.drop(attemptId);
  if (taskId !== undefined) deps.runner.interrupt(taskId);
};
