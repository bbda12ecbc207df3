import { type Placement, type PlacementTask, place } from "../placement/place.ts";
import type { PlacedAgent } from "../placement/placed-agent.ts";

/** A waiting task as the queue sees it. */
export interface QueuedTask {
  readonly taskId: string;
  readonly isRestore: boolean;
  readonly queuedMs: number;
  readonly position: number;
  /** Milliseconds until it may be tried again; 0 for now. */
  readonly restsMs: number;
  readonly target: PlacementTask;
  /** What keeps it from being placed at all, in words, such as another task of its VM; empty for nothing. */
  readonly blockedBy: string;
}

/** What a waiting task waits for. */
export interface QueueVerdict {
  readonly task: QueuedTask;
  /** From 1, among all waiting tasks. */
  readonly place: number;
  readonly placement: Placement;
  /** True when an agent that placement names may claim it now. */
  readonly isClaimable: boolean;
  readonly words: string;
}

/** The order in which waiting tasks are served: restores first, then the longest waiting. */
export const inOrder = (tasks: readonly QueuedTask[]): readonly QueuedTask[] =>
  [...tasks].sort(
    (left, right) =>
      Number(right.isRestore) - Number(left.isRestore) ||
      left.queuedMs - right.queuedMs ||
      left.position - right.position ||
      left.taskId.localeCompare(right.taskId),
  );

/** Judges the whole queue. */
export const judgeQueue = (tasks: readonly QueuedTask[], agents: readonly PlacedAgent[]): readonly QueueVerdict[] =>
  inOrder(tasks).map((task, index) => {
    const placement = place(task.target, agents);
    const isClaimable = task.blockedBy === "" && task.restsMs === 0 && placement.kind === "free";
    return { task, place: index + 1, placement, isClaimable, words: wordsOf(task, placement) };
  });

/** The first task in the queue that placement gives to this agent now; undefined for none. */
export const firstFor = (agentId: string, verdicts: readonly QueueVerdict[]): QueueVerdict | undefined =>
  verdicts.find(
    ({ isClaimable, placement }) =>
      isClaimable && placement.kind === "free" && placement.agents.some((agent) => agent.agentId === agentId),
  );

const wordsOf = (task: QueuedTask, placement: Placement): string => {
  if (task.blockedBy !== "") return task.blockedBy;
  if (task.restsMs > 0) return `rests ${Math.ceil(task.restsMs / 1_000)} s before another attempt`;
  if (placement.kind === "busy") return `waits for a free slot: ${placement.words}`;
  if (placement.kind === "nobody") return `waits for an agent: ${placement.words}`;
  return `waits to be claimed by an ${placement.words}`;
};
