import { listUnfinishedAttempts } from "../database/attempts-table.ts";
import type { Queries } from "../database/database.ts";
import { listOpenTasks } from "../database/tasks-table.ts";
import { type Load, withTask } from "../placement/limits.ts";
import type { Attempt } from "./attempt.ts";
import { isRestore, placementTaskOf } from "./placement-task-of.ts";
import { type QueueGround, type QueueVerdict, type QueuedTask, judgeQueue } from "./queue.ts";
import type { Task } from "./task.ts";
import { type TaskState, holdingStates } from "./task-state.ts";
import { thingsOf } from "./things-of.ts";
import { pastOf } from "./waits.ts";
import type { WorkDeps } from "./work-deps.ts";
import { whyReplaced } from "./why-replaced.ts";

/** What judging the queue needs of a controller. */
export type QueueDeps = Pick<
  WorkDeps,
  "managers" | "repositories" | "agents" | "workers" | "patience" | "settings" | "clock"
>;

/** The queue and what it is placed on, as one reading of the database saw them. */
export interface QueueReading extends QueueGround {
  readonly queue: readonly QueuedTask[];
  /** Attempts that are open or not settled. */
  readonly unfinished: readonly Attempt[];
}

/** Reads what waits and what is under way. */
export const readQueue = async (queries: Queries, deps: QueueDeps): Promise<QueueReading> => {
  const tasks = await listOpenTasks(queries);
  const unfinished = await listUnfinishedAttempts(queries);
  const holding = tasks.filter(isHolding);
  return {
    queue: tasks.filter(({ state }) => state === "waiting").map((task) => toQueued(task, holding, deps)),
    fleet: { agents: deps.agents.placed(busyOf(unfinished)), workers: deps.workers.placed(), given: new Map() },
    limits: deps.settings.limits,
    load: loadOf(holding, unfinished, deps),
    unfinished,
  };
};

/** Reads the queue and judges it. */
export const judgeWaiting = async (queries: Queries, deps: QueueDeps): Promise<readonly QueueVerdict[]> => {
  const reading = await readQueue(queries, deps);
  return judgeQueue(reading.queue, reading);
};

const toQueued = (task: Task, holding: readonly Task[], deps: QueueDeps): QueuedTask => ({
  taskId: task.taskId,
  sessionId: task.sessionId,
  vmKey: task.vmId === "" ? "" : `${task.engineInstanceId}/${task.vmId}`,
  queuedMs: task.queuedMs,
  position: task.position,
  restsMs: Math.max(0, task.notBeforeMs - deps.clock.nowMs()),
  target: placementTaskOf({ ...task, isRestore: isRestore(task) }, deps.managers),
  isCopy: task.scope.kind === "copy",
  past: pastOf(deps.patience, task, deps.settings.waitLimitMs),
  things: thingsOf(task, deps),
  blockedBy: whyBlocked(task, { holding, managers: deps.managers }),
});

/** A slot is taken while its attempt is open: what is settled afterwards the agent has no part in. */
const busyOf = (unfinished: readonly Attempt[]): ReadonlyMap<string, number> => {
  const busy = new Map<string, number>();
  for (const { agentId, state } of unfinished) {
    if (state === "open") busy.set(agentId, (busy.get(agentId) ?? 0) + 1);
  }
  return busy;
};

const loadOf = (holding: readonly Task[], unfinished: readonly Attempt[], deps: QueueDeps): Load => {
  const cleaned = new Set(unfinished.filter((attempt) => attempt.cleaned).map(({ taskId }) => taskId));
  return holding.reduce<Load>(
    (load, task) => withTask(load, thingsOf(task, deps, cleaned.has(task.taskId))),
    new Map(),
  );
};

const isHolding = ({ state }: Task): boolean => (holdingStates as readonly TaskState[]).includes(state);

/** Agents are placed by what their managers tell: before a manager told anything, nobody's place is known. */
const whyBlocked = (
  task: Task,
  { holding, managers }: { readonly holding: readonly Task[]; readonly managers: WorkDeps["managers"] },
): string => {
  const replaced = whyReplaced(task, managers);
  if (replaced !== undefined) return replaced;
  const manager = managers.find(task.managerId);
  if (manager?.inventory === undefined) return `waits for manager ${manager?.record.name ?? task.managerId} to answer`;
  const holder = holding.find((other) => isSameVm(other, task) && other.taskId !== task.taskId);
  return holder === undefined
    ? ""
    : `waits for a task of session ${holder.sessionId} (${holder.state}), which works on this VM`;
};

const isSameVm = (one: Task, other: Task): boolean =>
  other.vmId !== "" && one.engineInstanceId === other.engineInstanceId && one.vmId === other.vmId;
