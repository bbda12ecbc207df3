import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { listAttempts, moveAttempt } from "../../database/attempts-table.ts";
import type { Queries } from "../../database/database.ts";
import { findTask, moveTask } from "../../database/tasks-table.ts";
import type { Attempt, Ending } from "../attempt.ts";
import { type End, decideEnd } from "../decide-end.ts";
import { type Finish, finishTask, remarkTask } from "../finish-task.ts";
import type { Remark } from "../remark.ts";
import type { Task } from "../task.ts";
import { tellEnd } from "../tell-engine.ts";
import type { TaskWork, Try } from "../task-work.ts";
import type { WorkDeps } from "../work-deps.ts";
import { askVerdict } from "./ask-verdict.ts";
import { cleanUp } from "./clean-up.ts";
import { type Next, again, final } from "./next.ts";
import { tellMove } from "./tell-move.ts";

/** An attempt has ended: fence it, clean the engine, then say what comes after. Each part is kept before the next begins. */
export const stepSettling = async (
  deps: WorkDeps,
  what: Try & { readonly work: TaskWork },
  signal: AbortSignal,
): Promise<Next> => {
  const { attempt } = what;
  if (attempt.fence === "unasked") return askVerdict(deps, what, signal);
  if (!attempt.cleaned) return cleanUp(deps, what, { standing: attempt.fence, signal });
  const facts = { ending: attempt.ending ?? nothingSaid, fence: attempt.fence };
  return conclude(deps, what, { ...facts, told: await tellOf(deps, what, facts, signal) });
};

interface Facts {
  readonly ending: Ending;
  readonly fence: Exclude<Attempt["fence"], "unasked">;
}

/** Before the end is kept: after a crash in between it is told again, which the engine takes for once. */
const tellOf = async (
  deps: WorkDeps,
  { task, session }: Try,
  { ending, fence }: Facts,
  signal: AbortSignal,
): Promise<readonly Remark[]> => {
  const { maxAttempts, retryDelayMs } = deps.settings;
  const attempts = (await listAttempts(deps.database.queries, task.taskId)).length;
  const end = decideEnd({ ending, fence, attempts, maxAttempts, wish: session.wish, retryDelayMs });
  return end.task === "waiting" ? [] : tellEnd(deps, { task, session }, finishOf(end, ending), signal);
};

const nothingSaid: Ending = {
  v: 1,
  cause: "lost",
  code: "AGENT_LOST",
  message: "the attempt ended without a word",
  retryable: true,
};

const conclude = async (
  deps: WorkDeps,
  { task, attempt, session }: Try,
  { ending, fence, told }: Facts & { readonly told: readonly Remark[] },
): Promise<Next> => {
  const { maxAttempts, retryDelayMs } = deps.settings;
  const nowMs = deps.clock.nowMs();
  const end = await deps.database.inTransaction(async (queries) => {
    const attempts = (await listAttempts(queries, task.taskId)).length;
    const decided = decideEnd({ ending, fence, attempts, maxAttempts, wish: session.wish, retryDelayMs });
    await remarkTask(queries, task, told);
    const present = await findTask(queries, task.taskId);
    if (present === undefined) throw new HoldfastError("INTERNAL", `task ${task.taskId} vanished`);
    await moveAttempt(queries, attempt, decided.attempt, { endedMs: nowMs });
    await moveOn(queries, { task: present, attempt, ending, end: decided }, nowMs);
    return decided;
  });
  deps.liveness.forget(attempt.attemptId);
  deps.progress.forget(attempt.attemptId);
  tellMove(deps, task, end.task, ending.message);
  return end.task === "waiting" ? again : final;
};

interface Concluded {
  readonly task: Task;
  readonly attempt: Attempt;
  readonly ending: Ending;
  readonly end: End;
}

const moveOn = async (queries: Queries, { task, attempt, ending, end }: Concluded, nowMs: number): Promise<void> => {
  if (end.task === "waiting") {
    await remarkTask(queries, task, [retried(attempt, ending)]);
    await moveTask(queries, task, "waiting", { notBeforeMs: nowMs + end.restMs, queuedMs: nowMs, doing: "" });
    return;
  }
  const remarks = end.task === "succeeded" ? spiteOf(ending) : [];
  await finishTask(queries, task, finishOf(end, ending), { nowMs, remarks });
};

const finishOf = (end: Exclude<End, { readonly task: "waiting" }>, ending: Ending): Finish => {
  switch (end.task) {
    case "succeeded":
      return { to: "succeeded" };
    case "cancelled":
      return { to: "cancelled", message: ending.message };
    case "failed":
      return { to: "failed", code: end.code, message: end.message };
  }
};

const retried = ({ number, agentName }: Attempt, { code, message }: Ending): Remark => ({
  level: "warning",
  code: "ATTEMPT_RETRIED",
  message: `attempt ${number} by ${agentName} ended with ${code}: ${message}`,
  diskId: "",
});

/** A task that succeeded although its attempt was given up says so. */
const spiteOf = (ending: Ending): readonly Remark[] => {
  if (ending.cause === "succeeded") return [];
  const message = `the point was committed although the attempt was ended: ${ending.message}`;
  return [
    { level: ending.cause === "cancelled" ? "notice" : "warning", code: "COMMITTED_ANYWAY", message, diskId: "" },
  ];
};
