import type { AgentId, AttemptId, TaskId } from "@holdfast/shared/ids/ids";
import * as z from "zod";
import type { AttemptState } from "./attempt-state.ts";

/** Why an attempt ends, in the order in which the causes came: the first stays. */
export const endingSchema = z.object({
  v: z.literal(1),
  cause: z.enum(["succeeded", "failed", "lost", "cancelled"]),
  /** An error code; empty for `succeeded`. */
  code: z.string(),
  message: z.string(),
  /** The agent's or our word that another attempt may do better. */
  retryable: z.boolean(),
  /** With ATTEMPT_FENCED: the highest number of the task that the repository named. */
  highestAttempt: z.int().positive().optional(),
});

/** Why an attempt ends. */
export type Ending = z.output<typeof endingSchema>;

/** What the fence said: nothing yet · a point exists · no point of this attempt will ever exist. */
export type FenceAnswer = "unasked" | "committed" | "retired";

/** One try of a task by one agent. */
export interface Attempt {
  readonly taskId: TaskId;
  /** From 1; every later attempt of the task has a greater one. */
  readonly number: number;
  readonly attemptId: AttemptId;
  readonly agentId: AgentId;
  readonly agentName: string;
  /** The life of the agent that claimed it. */
  readonly incarnation: string;
  readonly state: AttemptState;
  /** What was made ready on the engine for it, as its preparer wrote it; null until then. */
  readonly prepared: unknown;
  readonly ending: Ending | null;
  readonly fence: FenceAnswer;
  /** True when nothing of it is left on the engine that must not be. */
  readonly cleaned: boolean;
  readonly startedMs: number;
  readonly endedMs: number | null;
}

/**
 * The next attempt's number. After a refusal as retired, others made attempts that we do not know: it is above the highest
 * that the repository named, and where it named none a jump past them (A9).
 */
export const nextAttemptNumber = (attempts: readonly Attempt[]): number => {
  const last = attempts.reduce<Attempt | undefined>(
    (highest, one) => (highest === undefined || one.number > highest.number ? one : highest),
    undefined,
  );
  if (last === undefined) return 1;
  if (last.ending?.code !== "ATTEMPT_FENCED") return last.number + 1;
  const { highestAttempt } = last.ending;
  return highestAttempt === undefined ? last.number * 2 + 1 : Math.max(last.number, highestAttempt) + 1;
};
