import type { ErrorCode } from "@holdfast/shared/errors/codes";
import { findLastAttempt } from "../../database/attempts-table.ts";
import { type Finish, finishTask, remarkTask } from "../finish-task.ts";
import type { Remark } from "../remark.ts";
import type { TaskAndSession } from "../task-work.ts";
import { tellEnd } from "../tell-engine.ts";
import type { WorkDeps } from "../work-deps.ts";
import { type Next, final } from "./next.ts";
import { tellMove } from "./tell-move.ts";

/** Why a task fails while none of its attempts is open. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remarks?: readonly Remark[];
}

/** Ends a task of a stopped or cancelled session that no agent works on: none did, or it waits for another attempt. */
export const cancelUnopened = (deps: WorkDeps, what: TaskAndSession, signal: AbortSignal): Promise<Next> => {
  const isStopped = what.session.wish === "stop";
  const message = isStopped ? "the session was stopped while this VM waited" : "the session was cancelled";
  return finishUnopened(deps, what, { finish: { to: "cancelled", message }, remarks: [] }, signal);
};

/** Fails a task that no agent works on. */
export const failUnopened = (
  deps: WorkDeps,
  what: TaskAndSession,
  { code, message, remarks = [] }: Failure,
  signal: AbortSignal,
): Promise<Next> => finishUnopened(deps, what, { finish: { to: "failed", code, message }, remarks }, signal);

interface Unopened {
  readonly finish: Exclude<Finish, { readonly to: "succeeded" }>;
  readonly remarks: readonly Remark[];
}

const finishUnopened = async (
  deps: WorkDeps,
  what: TaskAndSession,
  { finish, remarks }: Unopened,
  signal: AbortSignal,
): Promise<Next> => {
  const { task } = what;
  const facts = { nowMs: deps.clock.nowMs(), remarks };
  if (!(await finishTask(deps.database.queries, task, finish, facts))) return final;
  tellMove(deps, task, finish.to, finish.message);
  await tellEngine(deps, what, finish, signal);
  return final;
};

/** An engine that was told of an attempt is told of the end: only now, since an agent might have claimed the task before. */
const tellEngine = async (deps: WorkDeps, what: TaskAndSession, finish: Finish, signal: AbortSignal): Promise<void> => {
  const { database } = deps;
  if ((await findLastAttempt(database.queries, what.task.taskId)) === undefined) return;
  const told = await tellEnd(deps, what, finish, signal);
  await database.inTransaction((queries) => remarkTask(queries, what.task, told));
};
