import { changeTask } from "../../database/tasks-table.ts";
import { type QueueVerdict, isClaimable } from "../queue.ts";
import { lookAtQueue, lookMs } from "../look-at-queue.ts";
import type { TaskAndSession } from "../task-work.ts";
import { whyReplaced } from "../why-replaced.ts";
import { forgetWaits, noteWait } from "../waits.ts";
import type { WorkDeps } from "../work-deps.ts";
import { type Failure, cancelUnopened, failUnopened } from "./finish-unopened.ts";
import { type Next, after } from "./next.ts";

const nudgeEveryMs = 3_000;
/** Added for each place in the queue: a long queue is looked at as a whole, and its end is not worth a look every few seconds. */
const perPlaceMs = 500;

/** Waits for a claim: nudges the agents that placement names, and tells why it waits. */
export const stepWaiting = async (deps: WorkDeps, what: TaskAndSession, signal: AbortSignal): Promise<Next> => {
  const { task, session } = what;
  if (session.wish !== "run") {
    forgetWaits(deps.patience, task);
    return cancelUnopened(deps, what, signal);
  }
  const message = whyReplaced(task, deps.managers);
  if (message !== undefined) return giveUp(deps, what, { code: "MANAGER_REPLACED", message }, signal);
  const verdicts = await lookAtQueue(deps);
  const verdict = verdicts.find((one) => one.task.taskId === task.taskId);
  if (verdict === undefined) return after(lookMs);
  await tellWait(deps, what, verdict);
  const nobodyMs = noteWait(deps.patience, verdict);
  if (nobodyMs > deps.settings.noAgentPatienceMs) return giveUp(deps, what, nobody(verdict), signal);
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

const nobody = ({ placement }: QueueVerdict): Failure => ({
  code: "NO_AGENT",
  message: `no agent may do the work: ${placement.words}`,
  remarks: placement.warnings,
});

const giveUp = (deps: WorkDeps, what: TaskAndSession, failure: Failure, signal: AbortSignal): Promise<Next> => {
  forgetWaits(deps.patience, what.task);
  return failUnopened(deps, what, failure, signal);
};

const nudge = (deps: WorkDeps, agents: readonly { readonly managerId: string; readonly clusterId: string }[]): void => {
  const clusters = new Map(
    agents.map(({ managerId, clusterId }) => [`${managerId}/${clusterId}`, { managerId, clusterId }]),
  );
  for (const { managerId, clusterId } of clusters.values()) deps.bell.cluster(managerId, clusterId);
};
