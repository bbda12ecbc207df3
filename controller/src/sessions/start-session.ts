import { type RandomBytes, type SessionId, derivedName, newSessionId, taskIdOf } from "@holdfast/shared/ids/ids";
import type { Queries } from "../database/database.ts";
import { insertSession } from "../database/sessions-table.ts";
import { insertTask } from "../database/tasks-table.ts";
import { calendarDayOf } from "../retention/calendar-day.ts";
import type { Remark } from "./remark.ts";
import type { Session } from "./session.ts";
import type { TaskScope } from "./task-scope.ts";
import type { Task } from "./task.ts";
import type { WorkDeps } from "./work-deps.ts";

/** A session to begin; the same id begins one session, however often it is asked for. */
export interface SessionRequest {
  readonly sessionId: SessionId;
  readonly kind: Session["kind"];
  readonly jobId: string;
  readonly jobName: string;
  readonly trigger: Session["trigger"];
  readonly timeZone: string;
  readonly tasks: readonly TaskRequest[];
  /** What there is to say before it begins. */
  readonly remarks?: readonly Remark[];
}

/** One VM of a session. */
export interface TaskRequest {
  readonly managerId: string;
  readonly engineInstanceId: string;
  readonly clusterId: string;
  /** Empty for the new VM of a restore. */
  readonly vmId: string;
  readonly vmName: string;
  readonly repositoryId: string;
  readonly scope: TaskScope;
}

/** The id of a session that an operator asks for: derived from the request's own words, random when it brought none. */
export const requestedSessionId = (kind: string, what: string, requestId: string, random: RandomBytes): SessionId =>
  requestId === "" ? newSessionId(random) : (derivedName(12, "session-request", kind, what, requestId) as SessionId);

/** Writes a session with its tasks in one transaction; one that is there already stays as it is. Answers its id. */
export const startSession = async (
  deps: Pick<WorkDeps, "database" | "clock" | "log" | "changes">,
  request: SessionRequest,
): Promise<SessionId> => {
  const nowMs = deps.clock.nowMs();
  const isNew = await deps.database.inTransaction((queries) => writeSession(queries, request, nowMs));
  if (isNew) tellStarted(deps, request);
  return request.sessionId;
};

/** Writes a session with its tasks as part of a transaction; false when one of this id is there already. */
export const writeSession = async (queries: Queries, request: SessionRequest, nowMs: number): Promise<boolean> => {
  const session = toSession(request, nowMs);
  if (!(await insertSession(queries, session))) return false;
  for (const [position, task] of request.tasks.entries()) await insertTask(queries, toTask(session, task, position));
  return true;
};

/** Tells log and watchers of a session that was written. */
export const tellStarted = (
  deps: Pick<WorkDeps, "log" | "changes">,
  { sessionId, kind, jobName, trigger, tasks }: SessionRequest,
): void => {
  deps.log.info("session started", { session: sessionId, kind, job: jobName, trigger, tasks: tasks.length });
  deps.changes.changed(sessionId);
};

const toSession = (request: SessionRequest, nowMs: number): Session => ({
  sessionId: request.sessionId,
  kind: request.kind,
  jobId: request.jobId,
  jobName: request.jobName,
  trigger: request.trigger,
  state: "running",
  wish: "run",
  result: null,
  timeZone: request.timeZone,
  calendarDay: calendarDayOf(nowMs, request.timeZone),
  remarks: request.remarks ?? [],
  createdMs: nowMs,
  startedMs: nowMs,
  endedMs: null,
});

const toTask = (session: Session, request: TaskRequest, position: number): Task => ({
  ...request,
  taskId: taskIdOf(session.sessionId, request.engineInstanceId, request.vmId === "" ? `new/${position}` : request.vmId),
  sessionId: session.sessionId,
  position,
  state: "pending",
  doing: "",
  plan: null,
  placement: "",
  queuedMs: session.createdMs,
  notBeforeMs: 0,
  result: null,
  pointId: "",
  restoredVmId: "",
  restoredVmName: "",
  remarks: [],
  totals: [],
  startedMs: null,
  endedMs: null,
});
