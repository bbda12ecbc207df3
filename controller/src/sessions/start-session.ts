import { type RandomBytes, type SessionId, derivedName, newSessionId, taskIdOf } from "@holdfast/shared/ids/ids";
import { insertSession } from "../database/sessions-table.ts";
import { insertTask } from "../database/tasks-table.ts";
import { calendarDayOf } from "../retention/calendar-day.ts";
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
  const session = toSession(request, nowMs);
  const isNew = await deps.database.inTransaction(async (queries) => {
    if (!(await insertSession(queries, session))) return false;
    for (const [position, task] of request.tasks.entries()) await insertTask(queries, toTask(session, task, position));
    return true;
  });
  if (isNew) {
    deps.log.info("session started", {
      session: session.sessionId,
      kind: request.kind,
      job: request.jobName,
      trigger: request.trigger,
      tasks: request.tasks.length,
    });
    deps.changes.changed(session.sessionId);
  }
  return session.sessionId;
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
  remarks: [],
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
