import type { ErrorCode } from "@holdfast/shared/errors/codes";
import { changeTask } from "../../database/tasks-table.ts";
import { finishTask } from "../finish-task.ts";
import { type QueueVerdict, isClaimable } from "../queue.ts";
import { lookAtQueue, lookMs } from "../look-at-queue.ts";
import type { Remark } from "../remark.ts";
import type { TaskAndSession } from "../task-work.ts";
import { whyReplaced } from "../why-replaced.ts";
import { forgetWaits, noteWait } from "../waits.ts";
import type { WorkDeps } from "../work-deps.ts";
import { type Next, after, final } from "./next.ts";
import { cancelUnstarted } from "./step-pending.ts";
import { tellMove } from "./tell-move.ts";

const nudgeEveryMs = 3_000;
/** Added for each place in the queue: a long queue is looked at as a whole, and its end is not worth a look every few seconds. */
const perPlaceMs = 500;

/** Waits for a claim: nudges the agents that placement names, and tells why it waits. */
export const stepWaiting = async (deps: WorkDeps, what: TaskAndSession): Promise<Next> => {
  const { task, session } = what;
  if (session.wish !== "run") {
    forgetWaits(deps.patience, task);
    return cancelUnstarted(deps, what);
  }
  const message = whyReplaced(task, deps.managers);
  if (message !== undefined) return giveUp(deps, what, { code: "MANAGER_REPLACED", message });
  const verdicts = await lookAtQueue(deps);
  const verdict = verdicts.find((one) => one.task.taskId === task.taskId);
  if (verdict === undefined) return after(lookMs);
  await tellWait(deps, what, verdict);
  const nobodyMs = noteWait(deps.patience, verdict);
  if (nobodyMs > deps.settings.noAgentPatienceMs) return giveUp(deps, what, nobody(verdict));
  if (isClaimable(verdict) && verdict.placement.kind === "free") nudge(deps, verdict.placement.agents);
  return after(untilNextLook(verdict));
};

const untilNextLook = ({ place, task }: QueueVerdict): number => {
  const everyMs = Math.max(nudgeEveryMs, place * perPlaceMs);
  return task.restsMs > 0 ? Math.min(task.restsMs, everyMs) : everyMs;
};

const tellWait = async (deps: WorkDeps, { task }: TaskAndSession, { words }: QueueVerdict): Promise<void> => {
  if (words === task.doing) return;
  await changeTask(deps.database.queries, task.taskId, { doing: words });
  deps.changes.changed(task.sessionId);
};

interface Reason {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remarks?: readonly Remark[];
}

const nobody = ({ placement }: QueueVerdict): Reason => ({
  code: "NO_AGENT",
  message: `no agent may do the work: ${placement.words}`,
  remarks: placement.warnings,
});

const giveUp = async (
  deps: WorkDeps,
  { task }: TaskAndSession,
  { code, message, remarks = [] }: Reason,
): Promise<Next> => {
  forgetWaits(deps.patience, task);
  const isDone = await finishTask(
    deps.database.queries,
    task,
    { to: "failed", code, message },
    { nowMs: deps.clock.nowMs(), remarks },
  );
  if (isDone) tellMove(deps, task, "failed", message);
  return final;
};

const nudge = (deps: WorkDeps, agents: readonly { readonly managerId: string; readonly clusterId: string }[]): void => {
  const clusters = new Map(
    agents.map(({ managerId, clusterId }) => [`${managerId}/${clusterId}`, { managerId, clusterId }]),
  );
  for (const { managerId, clusterId } of clusters.values()) deps.bell.cluster(managerId, clusterId);
};
