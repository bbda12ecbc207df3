import type { AttemptIdentity } from "../backups/owner-of.ts";
import type { Queries } from "./database.ts";

/** Attempts of restores that succeeded: what they made is the user's. The newest 1,000 are enough: the mark is taken off at once. */
export const listSucceededRestores = async (queries: Queries): Promise<readonly AttemptIdentity[]> => {
  const rows = await queries
    .selectFrom("attempts as attempt")
    .innerJoin("tasks as task", "task.task_id", "attempt.task_id")
    .where("task.kind", "<>", "backup")
    .where("attempt.state", "=", "succeeded")
    .orderBy("attempt.started_ms", "desc")
    .limit(1_000)
    .select(["attempt.task_id", "attempt.number", "attempt.attempt_id"])
    .execute();
  return rows.map((row) => ({ taskId: row.task_id, number: row.number, attemptId: row.attempt_id }));
};
