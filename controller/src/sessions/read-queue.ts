import { listUnfinishedAttempts } from "../database/attempts-table.ts";
import type { Queries } from "../database/database.ts";
import { listOpenTasks } from "../database/tasks-table.ts";
import type { PlacementTask } from "../placement/place.ts";
import type { QueuedTask } from "./queue.ts";
import type { Task } from "./task.ts";
import { type TaskState, holdingStates } from "./task-state.ts";
import type { WorkDeps } from "./work-deps.ts";

/** The queue and the agents' load, as one reading of the database saw them. */
export interface QueueReading {
  readonly queue: readonly QueuedTask[];
  /** Open and unsettled attempts of each agent. */
  readonly busy: ReadonlyMap<string, number>;
}

/** Reads what waits and what is busy. */
export const readQueue = async (
  queries: Queries,
  deps: Pick<WorkDeps, "managers" | "clock">,
): Promise<QueueReading> => {
  const tasks = await listOpenTasks(queries);
  const holding = tasks.filter(isHolding);
  const busy = new Map<string, number>();
  for (const { agentId, state } of await listUnfinishedAttempts(queries)) {
    if (state === "open") busy.set(agentId, (busy.get(agentId) ?? 0) + 1);
  }
  const nowMs = deps.clock.nowMs();
  const queue = tasks
    .filter(({ state }) => state === "waiting")
    .map((task) => ({
      taskId: task.taskId,
      isRestore: task.scope.kind !== "backup",
      queuedMs: task.queuedMs,
      position: task.position,
      restsMs: Math.max(0, task.notBeforeMs - nowMs),
      target: placementTaskOf(task, deps.managers),
      blockedBy: whyBlocked(task, { holding, managers: deps.managers }),
    }));
  return { queue, busy };
};

/** Where a task's VM is, with the names for words. */
export const placementTaskOf = (
  task: Pick<Task, "managerId" | "clusterId">,
  managers: WorkDeps["managers"],
): PlacementTask => {
  const manager = managers.find(task.managerId);
  const cluster = manager?.inventory?.clusters.find(({ id }) => id === task.clusterId);
  return {
    managerId: task.managerId,
    clusterId: task.clusterId,
    managerName: manager?.record.name ?? task.managerId,
    clusterName: cluster?.name ?? task.clusterId,
  };
};

const isHolding = ({ state }: Task): boolean => (holdingStates as readonly TaskState[]).includes(state);

/** Agents are placed by what their managers tell: before a manager told anything, nobody's place is known. */
const whyBlocked = (
  task: Task,
  { holding, managers }: { readonly holding: readonly Task[]; readonly managers: WorkDeps["managers"] },
): string => {
  const manager = managers.find(task.managerId);
  if (manager?.inventory === undefined) return `waits for manager ${manager?.record.name ?? task.managerId} to answer`;
  const holder = holding.find((other) => isSameVm(other, task) && other.taskId !== task.taskId);
  return holder === undefined
    ? ""
    : `waits for a task of session ${holder.sessionId} (${holder.state}), which works on this VM`;
};

const isSameVm = (one: Task, other: Task): boolean =>
  other.vmId !== "" && one.engineInstanceId === other.engineInstanceId && one.vmId === other.vmId;
