import type { PlacementPast } from "../placement/place.ts";
import type { PlacementLevel } from "../placement/placement.ts";
import type { Patience } from "./patience.ts";
import type { QueueVerdict } from "./queue.ts";

const levels = ["own-cluster", "other-cluster", "other-manager"] as const satisfies readonly PlacementLevel[];

/** What a task has been through while it waits. Reading it begins nothing. */
export const pastOf = (patience: Patience, taskId: string, waitLimitMs: number): PlacementPast => ({
  waitedOut: new Set(
    levels.filter((level) => waitLimitMs > 0 && patience.soFarMs(levelWait(taskId, level)) > waitLimitMs),
  ),
  offeredMs: patience.soFarMs(offerWait(taskId)),
});

/**
 * Notes what a task waits for now. The wait for a busy level is counted from its first moment, whatever comes between; an
 * offer and the wait for anybody at all begin anew each time. Answers for how long there has been nobody.
 */
export const noteWait = (patience: Patience, { task, placement, standing }: QueueVerdict): number => {
  const isReady = standing === "ready";
  if (isReady && placement.kind === "busy") patience.waitedMs(levelWait(task.taskId, placement.level));
  if (isReady && placement.kind === "free") patience.waitedMs(offerWait(task.taskId));
  else patience.forget(offerWait(task.taskId));
  if (isReady && placement.kind === "nobody") return patience.waitedMs(nobodyWait(task.taskId));
  patience.forget(nobodyWait(task.taskId));
  return 0;
};

/** The task waits no more. */
export const forgetWaits = (patience: Patience, taskId: string): void => {
  for (const level of levels) patience.forget(levelWait(taskId, level));
  patience.forget(offerWait(taskId));
  patience.forget(nobodyWait(taskId));
};

const levelWait = (taskId: string, level: PlacementLevel): string => `wait/${taskId}/${level}`;
const offerWait = (taskId: string): string => `offer/${taskId}`;
const nobodyWait = (taskId: string): string => `nobody/${taskId}`;
