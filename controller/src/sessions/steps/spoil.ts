import { changeAttempt } from "../../database/attempts-table.ts";
import { changeTask } from "../../database/tasks-table.ts";
import type { Ending } from "../attempt.ts";
import type { Try } from "../task-work.ts";
import type { WorkDeps } from "../work-deps.ts";

/** Makes an attempt end otherwise than it was reported to, so that what it made is undone. */
export const spoil = async (
  deps: Pick<WorkDeps, "database">,
  { task, attempt }: Try,
  ending: Ending,
): Promise<void> => {
  await deps.database.inTransaction(async (queries) => {
    await changeAttempt(queries, attempt.attemptId, { ending, fence: "retired", cleaned: false });
    await changeTask(queries, task.taskId, { doing: "undoes what was made" });
  });
};
