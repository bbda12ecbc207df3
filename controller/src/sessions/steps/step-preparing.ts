import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { changeAttempt } from "../../database/attempts-table.ts";
import { changeTask, moveTask } from "../../database/tasks-table.ts";
import type { Attempt } from "../attempt.ts";
import { endAttempt } from "../end-attempt.ts";
import { remarkTask } from "../finish-task.ts";
import { withRemarks } from "../remark.ts";
import type { Task } from "../task.ts";
import { tellBegin } from "../tell-engine.ts";
import type { TaskWork, Try } from "../task-work.ts";
import type { WorkDeps } from "../work-deps.ts";
import { type Next, after, again } from "./next.ts";
import { cancelled } from "./step-running.ts";
import { tellMove } from "./tell-move.ts";

const tryAgainMs = 2_000;

const outageOf = ({ attemptId }: Attempt): string => `prepare/${attemptId}`;

/** Makes the engine ready for an allotted attempt, then lets its agent work. An engine that goes away is waited for. */
export const stepPreparing = async (
  deps: WorkDeps,
  what: Try & { readonly work: TaskWork },
  signal: AbortSignal,
): Promise<Next> => {
  const { task, attempt, session, work } = what;
  if (session.wish === "cancel") {
    await endAttempt(deps, attempt.attemptId, cancelled);
    return again;
  }
  try {
    const told = attempt.number === 1 && attempt.prepared === null ? await begin(deps, what, signal) : task;
    const { prepared, change } = await work.prepare({ ...what, task: told }, signal);
    const isReady = await deps.database.inTransaction(async (queries) => {
      await changeAttempt(queries, attempt.attemptId, { prepared });
      return moveTask(queries, task, "running", { ...change, doing: "the agent works" });
    });
    deps.patience.forget(outageOf(attempt));
    if (isReady) tellMove(deps, task, "running");
    if (isReady) deps.bell.attempt(attempt.agentId, attempt.attemptId);
    return again;
  } catch (caught) {
    if (signal.aborted) throw caught;
    await deps.managers.find(task.managerId)?.note(caught);
    const { code, message, retryable } = HoldfastError.from(caught);
    if (code === "ENGINE_UNREACHABLE" && deps.patience.waitedMs(outageOf(attempt)) < deps.settings.enginePatienceMs) {
      await changeTask(deps.database.queries, task.taskId, { doing: `waits: ${message}` });
      deps.changes.changed(task.sessionId);
      return after(tryAgainMs);
    }
    deps.patience.forget(outageOf(attempt));
    if (code === "INTERNAL")
      deps.log.error("preparing failed", { session: task.sessionId, task: task.taskId, err: caught });
    await endAttempt(deps, attempt.attemptId, { v: 1, cause: "failed", code, message, retryable });
    return again;
  }
};

/** The admin of the engine is told before the VM is touched; answers the task with what is to be remarked about that. */
const begin = async (deps: WorkDeps, what: Try, signal: AbortSignal): Promise<Task> => {
  const { task } = what;
  const remarks = await tellBegin(deps, what, signal);
  await deps.database.inTransaction((queries) => remarkTask(queries, task, remarks));
  return { ...task, remarks: withRemarks(task.remarks, remarks) };
};
