import { changeTask } from "../../database/tasks-table.ts";
import { finishTask } from "../finish-task.ts";
import { type QueueVerdict, judgeQueue } from "../queue.ts";
import { readQueue } from "../read-queue.ts";
import type { TaskAndSession } from "../task-work.ts";
import type { WorkDeps } from "../work-deps.ts";
import { type Next, after, final } from "./next.ts";
import { cancelUnstarted } from "./step-pending.ts";
import { tellMove } from "./tell-move.ts";

const nudgeEveryMs = 3_000;

/** Waits for a claim: nudges the agents that placement names, and tells why it waits. */
export const stepWaiting = async (deps: WorkDeps, what: TaskAndSession): Promise<Next> => {
  const { task, session } = what;
  if (session.wish !== "run") return cancelUnstarted(deps, what);
  const { queue, busy } = await readQueue(deps.database.queries, deps);
  const verdict = judgeQueue(queue, deps.agents.placed(busy)).find((one) => one.task.taskId === task.taskId);
  if (verdict === undefined) return after(0);
  if (verdict.words !== task.doing) {
    await changeTask(deps.database.queries, task.taskId, { doing: verdict.words });
    deps.changes.changed(task.sessionId);
  }
  if (isHopeless(deps, verdict)) {
    const message = `no agent may do the work: ${verdict.placement.words}`;
    const isDone = await finishTask(
      deps.database.queries,
      task,
      { to: "failed", code: "NO_AGENT", message },
      { nowMs: deps.clock.nowMs() },
    );
    if (isDone) tellMove(deps, task, "failed", message);
    return final;
  }
  if (verdict.isClaimable && verdict.placement.kind === "free") nudge(deps, verdict.placement.agents);
  return after(verdict.task.restsMs > 0 ? Math.min(verdict.task.restsMs, nudgeEveryMs) : nudgeEveryMs);
};

const nudge = (deps: WorkDeps, agents: readonly { readonly managerId: string; readonly clusterId: string }[]): void => {
  const clusters = new Map(
    agents.map(({ managerId, clusterId }) => [`${managerId}/${clusterId}`, { managerId, clusterId }]),
  );
  for (const { managerId, clusterId } of clusters.values()) deps.bell.cluster(managerId, clusterId);
};

const isHopeless = (deps: WorkDeps, { task, placement }: QueueVerdict): boolean =>
  placement.kind === "nobody" &&
  task.blockedBy === "" &&
  deps.clock.nowMs() - task.queuedMs > deps.settings.noAgentPatienceMs;
