import type { Queries } from "./database.ts";

/** An attempt that was heard of and stands in no row of ours (A8). */
export interface UnknownAttempt {
  readonly taskId: string;
  readonly number: number;
  readonly attemptId: string;
}

/** Remembers an unknown attempt; true when it is new. */
export const rememberUnknownAttempt = async (
  queries: Queries,
  attempt: UnknownAttempt,
  heardMs: number,
): Promise<boolean> => {
  const result = await queries
    .insertInto("unknown_attempts")
    .values({ task_id: attempt.taskId, number: attempt.number, attempt_id: attempt.attemptId, heard_ms: heardMs })
    .onConflict((conflict) => conflict.columns(["task_id", "number"]).doNothing())
    .executeTakeFirst();
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
};

/** Unknown attempts that a repository has not fenced yet. */
export const listUnfenced = async (queries: Queries, repositoryId: string): Promise<readonly UnknownAttempt[]> => {
  const rows = await queries
    .selectFrom("unknown_attempts as attempt")
    .leftJoin("unknown_fences as fence", (join) =>
      join
        .onRef("fence.task_id", "=", "attempt.task_id")
        .onRef("fence.number", "=", "attempt.number")
        .on("fence.repository_id", "=", repositoryId),
    )
    .where("fence.repository_id", "is", null)
    .select(["attempt.task_id", "attempt.number", "attempt.attempt_id"])
    .execute();
  return rows.map((row) => ({ taskId: row.task_id, number: row.number, attemptId: row.attempt_id }));
};

/** Remembers that a repository has fenced an unknown attempt. */
export const rememberFenced = async (
  queries: Queries,
  attempt: UnknownAttempt,
  fenced: { readonly repositoryId: string; readonly fencedMs: number },
): Promise<void> => {
  await queries
    .insertInto("unknown_fences")
    .values({
      task_id: attempt.taskId,
      number: attempt.number,
      repository_id: fenced.repositoryId,
      fenced_ms: fenced.fencedMs,
    })
    .onConflict((conflict) => conflict.columns(["task_id", "number", "repository_id"]).doNothing())
    .execute();
};

/** Forgets attempts heard of before a moment: no attempt lives that long. */
export const forgetUnknownAttempts = async (queries: Queries, beforeMs: number): Promise<void> => {
  const old = await queries
    .selectFrom("unknown_attempts")
    .select(["task_id", "number"])
    .where("heard_ms", "<", beforeMs)
    .execute();
  for (const { task_id: taskId, number } of old) {
    await queries.deleteFrom("unknown_fences").where("task_id", "=", taskId).where("number", "=", number).execute();
    await queries.deleteFrom("unknown_attempts").where("task_id", "=", taskId).where("number", "=", number).execute();
  }
};
