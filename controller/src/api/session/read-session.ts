import { listAttempts } from "../../database/attempts-table.ts";
import { findSession } from "../../database/sessions-table.ts";
import { listTasksOfSession } from "../../database/tasks-table.ts";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Attempt } from "../../sessions/attempt.ts";
import type { QueueVerdict } from "../../sessions/queue.ts";
import { judgeWaiting } from "../../sessions/read-queue.ts";
import type { Session } from "../../sessions/session.ts";
import type { Task } from "../../sessions/task.ts";
import type { ApiDeps } from "../api-deps.ts";

/** A task with everything that is shown of it. */
export interface ShownTask {
  readonly task: Task;
  readonly attempts: readonly Attempt[];
  /** Set while it waits. */
  readonly queued: QueueVerdict | undefined;
}

/** A session with everything that is shown of it. */
export interface ShownSession {
  readonly session: Session;
  readonly tasks: readonly ShownTask[];
}

/** Reads a session as it is now; NOT_FOUND for none. */
export const readSession = async (deps: ApiDeps, sessionId: string): Promise<ShownSession> => {
  const session = await findSession(deps.database.queries, sessionId);
  if (session === undefined)
    throw new HoldfastError("NOT_FOUND", `no session ${sessionId}`, { details: { session: sessionId } });
  return withTasks(deps, session);
};

/** Adds tasks, attempts and places in the queue to a session. */
export const withTasks = async (deps: ApiDeps, session: Session): Promise<ShownSession> => {
  const { queries } = deps.database;
  const tasks = await listTasksOfSession(queries, session.sessionId);
  const verdicts = await judgeIfWaiting(deps, tasks);
  const shown: ShownTask[] = [];
  for (const task of tasks) {
    const isWaiting = task.state === "waiting";
    const queued = isWaiting ? verdicts.find((verdict) => verdict.task.taskId === task.taskId) : undefined;
    shown.push({ task, attempts: await listAttempts(queries, task.taskId), queued });
  }
  return { session, tasks: shown };
};

const judgeIfWaiting = async (deps: ApiDeps, tasks: readonly Task[]): Promise<readonly QueueVerdict[]> => {
  if (!tasks.some(({ state }) => state === "waiting")) return [];
  return judgeWaiting(deps.database.queries, deps);
};
