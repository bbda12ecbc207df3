import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import { changeAttempt } from "../../database/attempts-table.ts";
import { clearJournalOfAttempt } from "../../database/journal-table.ts";
import { changeTask } from "../../database/tasks-table.ts";
import type { Ending } from "../attempt.ts";
import { remarkTask } from "../finish-task.ts";
import type { Remark } from "../remark.ts";
import { isRestoreScope } from "../task-scope.ts";
import type { Settled, Standing, TaskWork, Try } from "../task-work.ts";
import type { WorkDeps } from "../work-deps.ts";
import { type Next, after, again } from "./next.ts";
import { spoil } from "./spoil.ts";

const tryAgainMs = 2_000;

/**
 * Ends what an attempt has on the engine and keeps that it is done. An engine that does not answer is asked again for as long as
 * patience lasts; after that the janitor, who has the journal, goes on alone, and the task says so.
 */
export const cleanUp = async (
  deps: WorkDeps,
  what: Try & { readonly work: TaskWork },
  { standing, signal }: { readonly standing: Standing; readonly signal: AbortSignal },
): Promise<Next> => {
  const { task, attempt, work } = what;
  try {
    const settled = await work.settle(what, standing, signal);
    deps.patience.forget(attempt.attemptId);
    if (settled.kind === "spoilt") await spoil(deps, what, settled.ending);
    else await keepClean(deps, what, settled, standing);
    return again;
  } catch (caught) {
    if (signal.aborted) throw caught;
    await deps.managers.find(task.managerId)?.note(caught);
    const fields = { session: task.sessionId, task: task.taskId, attempt: attempt.number, err: caught };
    deps.log.warn("cleaning up after an attempt failed", fields);
    if (!hasCode(caught, "MANAGER_REPLACED") && !isPatienceOver(deps, what)) return after(tryAgainMs);
    await giveUp(deps, what, { standing, message: HoldfastError.from(caught).message });
    return again;
  }
};

const keepClean = async (
  deps: WorkDeps,
  { task, attempt }: Try,
  settled: Settled & { readonly kind: "clean" },
  standing: Standing,
): Promise<void> => {
  await deps.database.inTransaction(async (queries) => {
    await changeAttempt(queries, attempt.attemptId, { cleaned: true });
    if (standing !== "uncertain") await clearJournalOfAttempt(queries, attempt);
    if (settled.change !== undefined) await changeTask(queries, task.taskId, settled.change);
    await remarkTask(queries, task, settled.remarks);
  });
};

const isPatienceOver = (deps: WorkDeps, { attempt }: Try): boolean =>
  deps.patience.waitedMs(attempt.attemptId) > deps.settings.cleanupPatienceMs;

const giveUp = async (
  deps: WorkDeps,
  { task, attempt }: Try,
  given: { readonly standing: Standing; readonly message: string },
): Promise<void> => {
  deps.patience.forget(attempt.attemptId);
  const isUnfinished = given.standing === "committed" && isRestoreScope(task.scope);
  const ending: Ending = {
    v: 1,
    cause: "failed",
    code: "ENGINE_UNREACHABLE",
    message: given.message,
    retryable: false,
  };
  await deps.database.inTransaction(async (queries) => {
    await changeAttempt(queries, attempt.attemptId, {
      cleaned: true,
      ...(isUnfinished ? { ending, fence: "retired" } : {}),
    });
    await remarkTask(queries, task, [left]);
  });
};

const left: Remark = {
  level: "warning",
  code: "CLEANUP_LEFT",
  message: "the engine did not answer: what is left there is removed as soon as it does",
  diskId: "",
};
