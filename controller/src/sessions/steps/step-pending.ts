import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { isBusy } from "../../capture/waiting.ts";
import { changeTask, moveTask } from "../../database/tasks-table.ts";
import type { TaskAndSession, TaskWork } from "../task-work.ts";
import type { WorkDeps } from "../work-deps.ts";
import { cancelUnopened, failUnopened } from "./finish-unopened.ts";
import { type Next, after, again } from "./next.ts";
import { tellMove } from "./tell-move.ts";

const firstPauseMs = 1_000;
const longestPauseMs = 30_000;

/** Preflight: before the VM is touched, what is the task going to do? What may mend itself is waited for, for a while. */
export const stepPending = async (
  deps: WorkDeps,
  what: TaskAndSession & { readonly work: TaskWork },
  signal: AbortSignal,
): Promise<Next> => {
  const { task, session, work } = what;
  if (session.wish !== "run") return cancelUnopened(deps, what, signal);
  try {
    const change = await work.preflight(what, signal);
    const { queries } = deps.database;
    if (await moveTask(queries, task, "waiting", { ...change, doing: "" })) tellMove(deps, task, "waiting");
    return again;
  } catch (caught) {
    if (signal.aborted) throw caught;
    await deps.managers.find(task.managerId)?.note(caught);
    return failPreflight(deps, what, HoldfastError.from(caught), signal);
  }
};

const failPreflight = async (
  deps: WorkDeps,
  what: TaskAndSession,
  error: HoldfastError,
  signal: AbortSignal,
): Promise<Next> => {
  const { task } = what;
  const waitedMs = deps.clock.nowMs() - task.queuedMs;
  const { busyPatienceMs, preflightPatienceMs } = deps.settings;
  const patienceMs = isBusy(error) ? busyPatienceMs : preflightPatienceMs;
  if (error.retryable && waitedMs < patienceMs) {
    await changeTask(deps.database.queries, task.taskId, { doing: `waits: ${error.message}` });
    deps.changes.changed(task.sessionId);
    return after(Math.min(pauseAfter(waitedMs), patienceMs));
  }
  if (error.code === "INTERNAL")
    deps.log.error("preflight failed", { session: task.sessionId, task: task.taskId, err: error });
  return failUnopened(deps, what, error, signal);
};

/** As long as it was waited already: each pause doubles the wait, within bounds. */
const pauseAfter = (waitedMs: number): number => Math.min(longestPauseMs, Math.max(firstPauseMs, waitedMs));
