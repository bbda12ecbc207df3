import type { SessionId } from "@holdfast/shared/ids/ids";
import * as z from "zod";
import { remarkSchema } from "../sessions/remark.ts";
import type { Result } from "../sessions/result.ts";
import { type Session, sessionKinds, type Wish } from "../sessions/session.ts";
import { type SessionState, sessionStates } from "../sessions/session-state.ts";
import type { Queries } from "./database.ts";
import { fromJson, toJson } from "./json.ts";
import type { SessionRow } from "./schema.ts";

const toRow = (session: Session): SessionRow => ({
  session_id: session.sessionId,
  kind: session.kind,
  job_id: session.jobId,
  job_name: session.jobName,
  trigger_kind: session.trigger,
  state: session.state,
  wish: session.wish,
  result: session.result,
  time_zone: session.timeZone,
  calendar_day: session.calendarDay,
  remarks: toJson(session.remarks),
  created_ms: session.createdMs,
  started_ms: session.startedMs,
  ended_ms: session.endedMs,
});

const fromRow = (row: SessionRow): Session => ({
  sessionId: row.session_id as SessionId,
  kind: z.enum(sessionKinds).parse(row.kind),
  jobId: row.job_id,
  jobName: row.job_name,
  trigger: z.enum(["schedule", "operator"]).parse(row.trigger_kind),
  state: sessionStates.parse(row.state),
  wish: z.enum(["run", "stop", "cancel"]).parse(row.wish),
  result: z.enum(["success", "warning", "failed", "cancelled"]).nullable().parse(row.result),
  timeZone: row.time_zone,
  calendarDay: row.calendar_day,
  remarks: fromJson(z.array(remarkSchema), row.remarks, "sessions.remarks"),
  createdMs: row.created_ms,
  startedMs: row.started_ms,
  endedMs: row.ended_ms,
});

/** Which sessions to list. */
export interface SessionFilter {
  readonly jobId?: string | undefined;
  readonly activeOnly?: boolean | undefined;
  readonly limit: number;
}

/** Writes a new session; false when one of this id is there already, which is then left as it is. */
export const insertSession = async (queries: Queries, session: Session): Promise<boolean> => {
  const result = await queries
    .insertInto("sessions")
    .values(toRow(session))
    .onConflict((conflict) => conflict.column("session_id").doNothing())
    .executeTakeFirst();
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
};

export const findSession = async (queries: Queries, sessionId: string): Promise<Session | undefined> => {
  const row = await queries.selectFrom("sessions").selectAll().where("session_id", "=", sessionId).executeTakeFirst();
  return row === undefined ? undefined : fromRow(row);
};

/** Newest first. */
export const listSessions = async (queries: Queries, filter: SessionFilter): Promise<readonly Session[]> => {
  let query = queries.selectFrom("sessions").selectAll();
  if (filter.jobId !== undefined) query = query.where("job_id", "=", filter.jobId);
  if (filter.activeOnly === true) query = query.where("state", "<>", "ended");
  const rows = await query.orderBy("created_ms", "desc").orderBy("session_id", "desc").limit(filter.limit).execute();
  return rows.map(fromRow);
};

/** Ids of the sessions that have not ended. */
export const listOpenSessionIds = async (queries: Queries): Promise<readonly SessionId[]> => {
  const rows = await queries.selectFrom("sessions").select("session_id").where("state", "<>", "ended").execute();
  return rows.map((row) => row.session_id as SessionId);
};

/** What of a session may change. */
export interface SessionChange {
  readonly wish?: Wish;
  readonly result?: Result;
  readonly remarks?: Session["remarks"];
  readonly startedMs?: number;
  readonly endedMs?: number;
}

/** Changes a session without moving it. */
export const changeSession = async (queries: Queries, sessionId: string, change: SessionChange): Promise<void> => {
  const row = toChangedRow(change);
  if (Object.keys(row).length === 0) return;
  await queries.updateTable("sessions").set(row).where("session_id", "=", sessionId).execute();
};

/** Moves a session from the state it was read in; false when another step was there first. */
export const moveSession = async (
  queries: Queries,
  session: Session,
  to: SessionState,
  change: SessionChange = {},
): Promise<boolean> => {
  sessionStates.assertMove(session.state, to);
  const result = await queries
    .updateTable("sessions")
    .set({ ...toChangedRow(change), state: to })
    .where("session_id", "=", session.sessionId)
    .where("state", "=", session.state)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
};

const toChangedRow = (change: SessionChange): Partial<SessionRow> => ({
  ...(change.wish === undefined ? {} : { wish: change.wish }),
  ...(change.result === undefined ? {} : { result: change.result }),
  ...(change.remarks === undefined ? {} : { remarks: toJson(change.remarks) }),
  ...(change.startedMs === undefined ? {} : { started_ms: change.startedMs }),
  ...(change.endedMs === undefined ? {} : { ended_ms: change.endedMs }),
});
