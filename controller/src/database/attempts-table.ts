import type { AgentId, AttemptId, TaskId } from "@holdfast/shared/ids/ids";
import * as z from "zod";
import { type Attempt, type Ending, type FenceAnswer, endingSchema } from "../sessions/attempt.ts";
import { type AttemptState, attemptStates } from "../sessions/attempt-state.ts";
import type { Queries } from "./database.ts";
import { fromJson, toJson } from "./json.ts";
import type { AttemptRow } from "./schema.ts";

const toRow = (attempt: Attempt): AttemptRow => ({
  task_id: attempt.taskId,
  number: attempt.number,
  attempt_id: attempt.attemptId,
  agent_id: attempt.agentId,
  agent_name: attempt.agentName,
  incarnation: attempt.incarnation,
  state: attempt.state,
  prepared: attempt.prepared === null ? null : toJson(attempt.prepared),
  ending: attempt.ending === null ? null : toJson(attempt.ending),
  fence: attempt.fence,
  cleaned: attempt.cleaned ? 1 : 0,
  started_ms: attempt.startedMs,
  ended_ms: attempt.endedMs,
});

const fromRow = (row: AttemptRow): Attempt => ({
  taskId: row.task_id as TaskId,
  number: row.number,
  attemptId: row.attempt_id as AttemptId,
  agentId: row.agent_id as AgentId,
  agentName: row.agent_name,
  incarnation: row.incarnation,
  state: attemptStates.parse(row.state),
  prepared: row.prepared === null ? null : fromJson(z.unknown(), row.prepared, "attempts.prepared"),
  ending: row.ending === null ? null : fromJson(endingSchema, row.ending, "attempts.ending"),
  fence: z.enum(["unasked", "committed", "retired"]).parse(row.fence),
  cleaned: row.cleaned === 1,
  startedMs: row.started_ms,
  endedMs: row.ended_ms,
});

const unfinished = ["open", "ending", "uncertain"] as const satisfies readonly AttemptState[];

/** Writes a new attempt; fails when the task has one of this number. */
export const insertAttempt = async (queries: Queries, attempt: Attempt): Promise<void> => {
  await queries.insertInto("attempts").values(toRow(attempt)).execute();
};

export const findAttempt = async (queries: Queries, attemptId: string): Promise<Attempt | undefined> => {
  const row = await queries.selectFrom("attempts").selectAll().where("attempt_id", "=", attemptId).executeTakeFirst();
  return row === undefined ? undefined : fromRow(row);
};

/** By number, the last one last. */
export const listAttempts = async (queries: Queries, taskId: string): Promise<readonly Attempt[]> => {
  const rows = await queries
    .selectFrom("attempts")
    .selectAll()
    .where("task_id", "=", taskId)
    .orderBy("number")
    .execute();
  return rows.map(fromRow);
};

/** The newest attempt of a task. */
export const findLastAttempt = async (queries: Queries, taskId: string): Promise<Attempt | undefined> => {
  const row = await queries
    .selectFrom("attempts")
    .selectAll()
    .where("task_id", "=", taskId)
    .orderBy("number", "desc")
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? undefined : fromRow(row);
};

/** Attempts that are open, being ended, or uncertain. */
export const listUnfinishedAttempts = async (queries: Queries): Promise<readonly Attempt[]> => {
  const rows = await queries.selectFrom("attempts").selectAll().where("state", "in", unfinished).execute();
  return rows.map(fromRow);
};

/** What of an attempt may change. */
export interface AttemptChange {
  readonly prepared?: unknown;
  readonly ending?: Ending;
  readonly fence?: FenceAnswer;
  readonly cleaned?: boolean;
  readonly endedMs?: number;
}

/** Changes an attempt without moving it. */
export const changeAttempt = async (queries: Queries, attemptId: string, change: AttemptChange): Promise<void> => {
  const row = toChangedRow(change);
  if (Object.keys(row).length === 0) return;
  await queries.updateTable("attempts").set(row).where("attempt_id", "=", attemptId).execute();
};

/** Moves an attempt from the state it was read in; false when another step was there first. */
export const moveAttempt = async (
  queries: Queries,
  attempt: Pick<Attempt, "attemptId" | "state">,
  to: AttemptState,
  change: AttemptChange = {},
): Promise<boolean> => {
  attemptStates.assertMove(attempt.state, to);
  const result = await queries
    .updateTable("attempts")
    .set({ ...toChangedRow(change), state: to })
    .where("attempt_id", "=", attempt.attemptId)
    .where("state", "=", attempt.state)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
};

const toChangedRow = (change: AttemptChange): Partial<AttemptRow> => ({
  ...(change.prepared === undefined ? {} : { prepared: toJson(change.prepared) }),
  ...(change.ending === undefined ? {} : { ending: toJson(change.ending) }),
  ...(change.fence === undefined ? {} : { fence: change.fence }),
  ...(change.cleaned === undefined ? {} : { cleaned: change.cleaned ? 1 : 0 }),
  ...(change.endedMs === undefined ? {} : { ended_ms: change.endedMs }),
});
