import { type AgentId, newAttemptId } from "@holdfast/shared/ids/ids";
import { insertAttempt, listAttempts, listUnfinishedAttempts } from "../database/attempts-table.ts";
import type { Queries } from "../database/database.ts";
import { findTask, findTaskHolding, moveTask } from "../database/tasks-table.ts";
import { wordsFor } from "../placement/place.ts";
import { type Attempt, nextAttemptNumber } from "./attempt.ts";
import { type QueueVerdict, firstFor } from "./queue.ts";
import { judgeWaiting } from "./read-queue.ts";
import { withRemarks } from "./remark.ts";
import type { Task } from "./task.ts";
import { forgetWaits } from "./waits.ts";
import type { WorkDeps } from "./work-deps.ts";

/** Who asks for work. */
export interface Claimant {
  readonly agentId: string;
  readonly agentName: string;
  readonly incarnation: string;
  readonly freeSlots: number;
}

/** An attempt with its task, as a claim answers them. */
export interface Allotted {
  readonly attempt: Attempt;
  readonly task: Task;
}

/**
 * Allots the first task that placement gives to this agent now, in one transaction (A1). A repeated claim whose answer was
 * lost is given the attempt that this life of the agent holds already. Undefined when nothing waits for it.
 */
export const claimTask = async (deps: WorkDeps, claimant: Claimant): Promise<Allotted | undefined> => {
  const { held, allotted } = await deps.database.inTransaction((queries) => holdOrAllot(queries, deps, claimant));
  if (allotted === undefined) return held;
  forgetWaits(deps.patience, allotted.task);
  deps.liveness.allotted(allotted.attempt.attemptId);
  deps.changes.changed(allotted.task.sessionId);
  deps.log.info("task moved", {
    session: allotted.task.sessionId,
    task: allotted.task.taskId,
    attempt: allotted.attempt.number,
    agent: claimant.agentId,
    vm: allotted.task.vmName,
    from: "waiting",
    to: "preparing",
    reason: allotted.task.placement,
  });
  return allotted;
};

interface Claimed {
  /** What the claimant holds already. */
  readonly held?: Allotted;
  readonly allotted?: Allotted | undefined;
}

const holdOrAllot = async (queries: Queries, deps: WorkDeps, claimant: Claimant): Promise<Claimed> => {
  const held = await findUnacknowledged(queries, deps, claimant);
  if (held !== undefined) return { held };
  if (claimant.freeSlots === 0) return {};
  const verdict = firstFor(claimant.agentId, await judgeWaiting(queries, deps));
  return verdict === undefined ? {} : { allotted: await allot(queries, deps, { claimant, verdict }) };
};

const findUnacknowledged = async (
  queries: Queries,
  deps: WorkDeps,
  claimant: Claimant,
): Promise<Allotted | undefined> => {
  const attempt = (await listUnfinishedAttempts(queries)).find(
    (one) =>
      one.state === "open" &&
      one.agentId === claimant.agentId &&
      one.incarnation === claimant.incarnation &&
      !deps.liveness.isAcknowledged(one.attemptId),
  );
  const task = attempt === undefined ? undefined : await findTask(queries, attempt.taskId);
  return attempt === undefined || task === undefined ? undefined : { attempt, task };
};

const allot = async (
  queries: Queries,
  deps: WorkDeps,
  { claimant, verdict }: { readonly claimant: Claimant; readonly verdict: QueueVerdict },
): Promise<Allotted | undefined> => {
  const task = await findTask(queries, verdict.task.taskId);
  if (task?.state !== "waiting") return undefined;
  if (task.vmId !== "" && (await findTaskHolding(queries, task)) !== undefined) return undefined;
  const nowMs = deps.clock.nowMs();
  const attempt: Attempt = {
    taskId: task.taskId,
    number: nextAttemptNumber(await listAttempts(queries, task.taskId)),
    attemptId: newAttemptId(deps.random),
    agentId: claimant.agentId as AgentId,
    agentName: claimant.agentName,
    incarnation: claimant.incarnation,
    state: "open",
    prepared: null,
    ending: null,
    fence: "unasked",
    cleaned: false,
    startedMs: nowMs,
    endedMs: null,
  };
  await insertAttempt(queries, attempt);
  const words = wordsFor(verdict.task.target, verdict.placement, claimant.agentId);
  const placement = `${claimant.agentName}: ${words}`;
  const remarks = withRemarks(task.remarks, verdict.placement.warnings);
  const startedMs = task.startedMs ?? nowMs;
  await moveTask(queries, task, "preparing", { placement, remarks, startedMs, doing: "makes the engine ready" });
  return { attempt, task: { ...task, state: "preparing", placement, remarks, startedMs } };
};
