import { changeTask, findTask, moveTask, type TaskChange } from "../database/tasks-table.ts";
import type { Queries } from "../database/database.ts";
import { type Remark, withRemarks } from "./remark.ts";
import { type Result, resultOfSuccess } from "./result.ts";
import type { Task } from "./task.ts";

/** How a task ends. */
export type Finish =
  | { readonly to: "succeeded" }
  | { readonly to: "cancelled"; readonly message: string }
  | { readonly to: "failed"; readonly code: string; readonly message: string };

/** Moves a task to its final state with its result; false when another step was there first. */
export const finishTask = async (
  queries: Queries,
  task: Task,
  finish: Finish,
  facts: { readonly nowMs: number; readonly remarks?: readonly Remark[]; readonly change?: TaskChange },
): Promise<boolean> => {
  const remarks = withRemarks(withRemarks(task.remarks, facts.remarks ?? []), lastWords(finish));
  const change = { ...facts.change, remarks, result: resultOf(finish, remarks), endedMs: facts.nowMs, doing: "" };
  return moveTask(queries, task, finish.to, change);
};

/** Adds remarks to those that a task has by now, however long ago it was read; it stays in its state. */
export const remarkTask = async (
  queries: Queries,
  { taskId }: Pick<Task, "taskId">,
  remarks: readonly Remark[],
): Promise<void> => {
  if (remarks.length === 0) return;
  const present = await findTask(queries, taskId);
  if (present !== undefined) await changeTask(queries, taskId, { remarks: withRemarks(present.remarks, remarks) });
};

const lastWords = (finish: Finish): readonly Remark[] => {
  if (finish.to === "succeeded") return [];
  const code = finish.to === "failed" ? finish.code : "CANCELLED";
  const level = finish.to === "failed" ? "error" : "notice";
  return [{ level, code, message: finish.message, diskId: "" }];
};

const resultOf = (finish: Finish, remarks: readonly Remark[]): Result =>
  finish.to === "succeeded" ? resultOfSuccess(remarks) : finish.to;
