import type { Ending } from "../attempt.ts";
import { endAttempt } from "../end-attempt.ts";
import type { Try } from "../task-work.ts";
import type { WorkDeps } from "../work-deps.ts";
import { type Next, after, again } from "./next.ts";

/** Ended because someone asked. */
export const cancelled: Ending = {
  v: 1,
  cause: "cancelled",
  code: "CANCELLED",
  message: "the session was cancelled",
  retryable: false,
};

const lookAgainMs = 5_000;

/** While the agent works there is nothing to do but to heed a cancellation; losses are found by the heartbeat. */
export const stepRunning = async (deps: WorkDeps, { attempt, session }: Try): Promise<Next> => {
  if (session.wish !== "cancel") return after(lookAgainMs);
  await endAttempt(deps, attempt.attemptId, cancelled);
  return again;
};
