import { findSession, moveSession } from "../database/sessions-table.ts";
import { listTasksOfSession } from "../database/tasks-table.ts";
import type { Remark } from "./remark.ts";
import { withRemarks } from "./remark.ts";
import { worstResult } from "./result.ts";
import type { Session } from "./session.ts";
import { type Next, after, again, final } from "./steps/next.ts";
import type { Task } from "./task.ts";
import { taskStates } from "./task-state.ts";
import type { WorkDeps } from "./work-deps.ts";

/** What is done when a session ends: retention for VMs that got a good point (policy 8), verification. What it says is remarks. */
export type OnSessionEnd = (
  session: Session,
  tasks: readonly Task[],
  signal: AbortSignal,
) => Promise<readonly Remark[]>;

/** One after another; what each says comes together. */
export const inTurn =
  (...all: readonly OnSessionEnd[]): OnSessionEnd =>
  async (session, tasks, signal) => {
    const remarks: Remark[] = [];
    for (const one of all) remarks.push(...(await one(session, tasks, signal)));
    return remarks;
  };

/** What stepping a session needs. */
export interface SessionDeps extends Pick<WorkDeps, "database" | "clock" | "log" | "changes"> {
  readonly onSessionEnd: OnSessionEnd;
  readonly pokeTask: (taskId: string) => void;
}

const lookAgainMs = 2_000;

/** Sessions that are as far as their tasks are. */
const kindsOfTasks: readonly Session["kind"][] = ["backup", "restore", "repository-copy"];

/** Looks at a session as it is now and takes one step with it. */
export const stepSession = async (deps: SessionDeps, sessionId: string, signal: AbortSignal): Promise<Next> => {
  const { queries } = deps.database;
  const session = await findSession(queries, sessionId);
  if (session === undefined || session.state === "ended") return final;
  // A worker's steps, or those of maintenance, take the others to their end.
  if (!kindsOfTasks.includes(session.kind)) return final;
  const tasks = await listTasksOfSession(queries, sessionId);
  if (session.state === "running") {
    for (const { taskId } of tasks.filter(isUntouched)) deps.pokeTask(taskId);
    if (!tasks.every(({ state }) => taskStates.isFinal(state))) return after(lookAgainMs);
    if (await moveSession(queries, session, "ending")) tell(deps, session, "ending");
    return again;
  }
  const remarks = withRemarks(session.remarks, await deps.onSessionEnd(session, tasks, signal));
  const results = tasks.flatMap(({ result }) => (result === null ? [] : [result]));
  const retention = remarks.some(({ level }) => level === "warning") ? (["warning"] as const) : [];
  // A copy that found everything at its target has reached its goal.
  const idle = session.kind === "repository-copy" && tasks.length === 0 ? (["success"] as const) : [];
  const result = worstResult([...results, ...retention, ...idle]);
  if (await moveSession(queries, session, "ended", { result, remarks, endedMs: deps.clock.nowMs() }))
    tell(deps, session, "ended", result);
  return final;
};

/** A task that nobody has looked at yet: its session has just begun. */
const isUntouched = ({ state, doing }: Task): boolean => state === "pending" && doing === "";

const tell = (deps: Pick<WorkDeps, "log" | "changes">, session: Session, to: string, result?: string): void => {
  deps.log.info("session moved", {
    session: session.sessionId,
    from: session.state,
    to,
    ...(result === undefined ? {} : { result }),
  });
  deps.changes.changed(session.sessionId);
};
