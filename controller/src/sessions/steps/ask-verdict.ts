import { changeAttempt, moveAttempt } from "../../database/attempts-table.ts";
import { changeTask, moveTask } from "../../database/tasks-table.ts";
import type { TaskWork, Try } from "../task-work.ts";
import type { WorkDeps } from "../work-deps.ts";
import { type Next, again } from "./next.ts";
import { tellMove } from "./tell-move.ts";

/** Asks the fence (A6) and keeps what it says. While nobody can say, the task is uncertain (A7). */
export const askVerdict = async (
  deps: WorkDeps,
  what: Try & { readonly work: TaskWork },
  signal: AbortSignal,
): Promise<Next> => {
  const { task, attempt, work } = what;
  try {
    const verdict = await work.verdict(what, signal);
    await deps.database.inTransaction(async (queries) => {
      await changeAttempt(queries, attempt.attemptId, { fence: verdict.kind, cleaned: false });
      if (verdict.kind === "committed") await changeTask(queries, task.taskId, verdict.change);
      if (task.state === "uncertain") await moveTask(queries, task, "settling", { doing: "cleans up" });
      if (attempt.state === "uncertain") await moveAttempt(queries, attempt, "ending");
    });
    if (task.state === "uncertain") tellMove(deps, task, "settling", `the fence says ${verdict.kind}`);
    return again;
  } catch (caught) {
    if (signal.aborted || task.state === "uncertain") throw caught;
    deps.log.warn("the fence has no answer", {
      session: task.sessionId,
      task: task.taskId,
      attempt: attempt.number,
      err: caught,
    });
    const doing = "waits for the repository to say whether the point was committed";
    await deps.database.inTransaction(async (queries) => {
      await moveTask(queries, task, "uncertain", { doing });
      await moveAttempt(queries, attempt, "uncertain");
    });
    tellMove(deps, task, "uncertain", doing);
    return again;
  }
};
