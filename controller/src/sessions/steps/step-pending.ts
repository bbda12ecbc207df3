import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { isBusy } from "../../capture/waiting.ts";
import { changeTask, moveTask } from "../../database/tasks-table.ts";
import type { Task } from "../task.ts";
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
  if (session.wish !== "run") {
    forgetWaits(deps, task);
    return cancelUnopened(deps, what, signal);
  }
  try {
    const change = await work.preflight(what, signal);
    const { queries } = deps.database;
    if (await moveTask(queries, task, "waiting", { ...change, doing: "" })) tellMove(deps, task, "waiting");
    forgetWaits(deps, task);
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
  const { waitedMs, patienceMs } = noteWait(deps, task, error);
  if (error.retryable && waitedMs < patienceMs) {
    await changeTask(deps.database.queries, task.taskId, { doing: `waits: ${error.message}` });
    deps.changes.changed(task.sessionId);
    return after(Math.min(pauseAfter(waitedMs), patienceMs));
  }
  if (error.code === "INTERNAL")
    deps.log.error("preflight failed", { session: task.sessionId, task: task.taskId, err: error });
  forgetWaits(deps, task);
  return failUnopened(deps, what, error, signal);
};

/**
 * A busy VM is waited for since it was first found busy, whatever comes between; anything else counts from its own begin, so that one
 * failed look amid a long wait is none.
 */
const noteWait = (
  { patience, settings }: Pick<WorkDeps, "patience" | "settings">,
  task: Task,
  error: HoldfastError,
): { readonly waitedMs: number; readonly patienceMs: number } => {
  if (!isBusy(error)) return { waitedMs: patience.waitedMs(otherWait(task)), patienceMs: settings.preflightPatienceMs };
  patience.forget(otherWait(task));
  return { waitedMs: patience.waitedMs(busyWait(task)), patienceMs: settings.busyPatienceMs };
};

const forgetWaits = ({ patience }: Pick<WorkDeps, "patience">, task: Task): void => {
  patience.forget(busyWait(task));
  patience.forget(otherWait(task));
};

const busyWait = ({ taskId }: Task): string => `preflight/busy/${taskId}`;
const otherWait = ({ taskId }: Task): string => `preflight/other/${taskId}`;

/** As long as it was waited already: each pause doubles the wait, within bounds. */
const pauseAfter = (waitedMs: number): number => Math.min(longestPauseMs, Math.max(firstPauseMs, waitedMs));
