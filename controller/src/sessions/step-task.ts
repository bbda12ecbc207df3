import { findLastAttempt } from "../database/attempts-table.ts";
import { findSession } from "../database/sessions-table.ts";
import { findTask } from "../database/tasks-table.ts";
import { correlated } from "../hypervisor/correlation.ts";
import { correlationIdOf } from "../hypervisor/marks.ts";
import { type Next, final } from "./steps/next.ts";
import { stepPending } from "./steps/step-pending.ts";
import { stepPreparing } from "./steps/step-preparing.ts";
import { stepRunning } from "./steps/step-running.ts";
import { stepSettling } from "./steps/step-settling.ts";
import { stepUncertain } from "./steps/step-uncertain.ts";
import { stepWaiting } from "./steps/step-waiting.ts";
import type { Task } from "./task.ts";
import type { TaskWork, Try } from "./task-work.ts";
import type { WorkDeps } from "./work-deps.ts";

/** What a step needs. */
export interface StepDeps extends WorkDeps {
  readonly backups: TaskWork;
  readonly restores: TaskWork;
  readonly copies: TaskWork;
}

/** The kind of work that a task is. */
export const workOf = (
  { backups, restores, copies }: Pick<StepDeps, "backups" | "restores" | "copies">,
  { scope }: Pick<Task, "scope">,
): TaskWork => {
  switch (scope.kind) {
    case "backup":
      return backups;
    case "copy":
      return copies;
    case "restore-vm":
    case "restore-disk":
      return restores;
  }
};

/** Looks at a task as it is now and takes one step with it. */
export const stepTask = async (deps: StepDeps, taskId: string, signal: AbortSignal): Promise<Next> => {
  const task = await findTask(deps.database.queries, taskId);
  const session = task === undefined ? undefined : await findSession(deps.database.queries, task.sessionId);
  if (task === undefined || session === undefined) return final;
  const work = workOf(deps, task);
  const what = { task, session };
  if (task.state === "pending") {
    return correlated(correlationIdOf({ taskId, attemptNumber: 0 }), () =>
      stepPending(deps, { ...what, work }, signal),
    );
  }
  if (task.state === "waiting") return stepWaiting(deps, what, signal);
  if (task.state === "succeeded" || task.state === "failed" || task.state === "cancelled") return final;

  const attempt = await findLastAttempt(deps.database.queries, taskId);
  if (attempt === undefined) throw new Error(`task ${taskId} is ${task.state} without an attempt`);
  return correlated(correlationIdOf({ taskId, attemptNumber: attempt.number }), () =>
    stepTry(deps, { ...what, attempt, work }, signal),
  );
};

const stepTry = (deps: StepDeps, what: Try & { readonly work: TaskWork }, signal: AbortSignal): Promise<Next> => {
  switch (what.task.state) {
    case "preparing":
      return stepPreparing(deps, what, signal);
    case "running":
      return stepRunning(deps, what);
    case "uncertain":
      return stepUncertain(deps, what, signal);
    case "settling":
    case "pending":
    case "waiting":
    case "succeeded":
    case "failed":
    case "cancelled":
      return stepSettling(deps, what, signal);
  }
};
