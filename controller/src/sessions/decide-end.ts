import type { Ending, FenceAnswer } from "./attempt.ts";
import type { AttemptState } from "./attempt-state.ts";
import type { Wish } from "./session.ts";

/** Everything that decides what comes after an attempt. */
export interface EndFacts {
  readonly ending: Ending;
  readonly fence: Exclude<FenceAnswer, "unasked">;
  /** Attempts that the task has had, this one included. */
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly wish: Wish;
  readonly retryDelayMs: number;
}

/** What comes after an attempt. */
export type End =
  | { readonly task: "succeeded"; readonly attempt: AttemptState }
  | { readonly task: "cancelled"; readonly attempt: AttemptState }
  | { readonly task: "waiting"; readonly attempt: AttemptState; readonly restMs: number }
  | { readonly task: "failed"; readonly attempt: AttemptState; readonly code: string; readonly message: string };

/**
 * The fence decides (A6): a point that exists is a success, whatever was reported or asked, a cancellation too (A12). Otherwise
 * a wanted end is an end, and the rest is tried again while it may (A10).
 */
export const decideEnd = (facts: EndFacts): End => {
  const { ending, fence, wish } = facts;
  if (fence === "committed") return { task: "succeeded", attempt: "succeeded" };
  const attempt = ending.cause === "succeeded" ? "failed" : ending.cause;
  if (ending.cause === "cancelled" || wish === "cancel") return { task: "cancelled", attempt };
  if (ending.retryable && wish === "run" && facts.attempts < facts.maxAttempts) {
    return { task: "waiting", attempt, restMs: ending.cause === "lost" ? 0 : facts.retryDelayMs };
  }
  if (ending.cause === "succeeded") {
    return {
      task: "failed",
      attempt,
      code: "POINT_NOT_FOUND",
      message: "the agent reported success, and the repository has no point of it",
    };
  }
  return { task: "failed", attempt, code: ending.code, message: ending.message };
};
