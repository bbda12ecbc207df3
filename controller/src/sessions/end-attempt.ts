import { changeTask, findTask, moveTask } from "../database/tasks-table.ts";
import { findAttempt, moveAttempt } from "../database/attempts-table.ts";
import type { Ending } from "./attempt.ts";
import type { WorkDeps } from "./work-deps.ts";

/**
 * Ends an open attempt: from now on it only settles. The first cause stays; ending one that is being ended already changes
 * nothing. Answers the task's id when this call ended it.
 */
export const endAttempt = async (
  deps: Pick<WorkDeps, "database" | "progress" | "changes" | "log">,
  attemptId: string,
  ending: Ending,
): Promise<string | undefined> => {
  const totals = deps.progress.of(attemptId)?.disks;
  const ended = await deps.database.inTransaction(async (queries) => {
    const attempt = await findAttempt(queries, attemptId);
    if (attempt?.state !== "open") return undefined;
    const task = await findTask(queries, attempt.taskId);
    if (task === undefined) return undefined;
    await moveAttempt(queries, attempt, "ending", { ending });
    if (totals !== undefined) await changeTask(queries, task.taskId, { totals });
    if (task.state === "preparing" || task.state === "running") {
      await moveTask(queries, task, "settling", { doing: doingOf(ending) });
    }
    return { task, attempt };
  });
  if (ended === undefined) return undefined;
  const { task, attempt } = ended;
  deps.log.info("attempt moved", {
    session: task.sessionId,
    task: task.taskId,
    attempt: attempt.number,
    agent: attempt.agentId,
    from: "open",
    to: "ending",
    cause: ending.cause,
    code: ending.code,
    reason: ending.message,
  });
  deps.changes.changed(task.sessionId);
  return task.taskId;
};

const doingOf = ({ cause }: Ending): string =>
  cause === "succeeded"
    ? "confirms and cleans up"
    : `cleans up after an attempt that was ${cause === "failed" ? "given up" : cause}`;
