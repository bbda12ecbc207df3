import type { PlacementPast } from "../placement/place.ts";
import type { PlacementLevel } from "../placement/placement.ts";
import type { Patience } from "./patience.ts";
import type { QueueVerdict, QueuedTask } from "./queue.ts";

const levels = ["own-cluster", "other-cluster", "other-manager"] as const satisfies readonly PlacementLevel[];

/** One stay of a task in the queue; another attempt is another stay. */
type Stay = Pick<QueuedTask, "taskId" | "queuedMs">;

/** What a task has been through while it waits. Reading it begins nothing. */
export const pastOf = (patience: Patience, stay: Stay, waitLimitMs: number): PlacementPast => ({
  waitedOut: new Set(
    levels.filter((level) => waitLimitMs > 0 && patience.soFarMs(levelWait(stay, level)) > waitLimitMs),
  ),
  offeredMs: patience.soFarMs(offerWait(stay)),
});

/**
 * Notes what a task waits for now. The wait for a busy level is counted from its first moment, whatever comes between; an
 * offer and the wait for anybody at all begin anew each time. Answers for how long there has been nobody.
 */
export const noteWait = (patience: Patience, { task, placement, standing }: QueueVerdict): number => {
  const isReady = standing === "ready";
  if (isReady && placement.kind === "busy") patience.waitedMs(levelWait(task, placement.level));
  if (isReady && placement.kind === "free") patience.waitedMs(offerWait(task));
  else patience.forget(offerWait(task));
  if (isReady && placement.kind === "nobody") return patience.waitedMs(nobodyWait(task));
  patience.forget(nobodyWait(task));
  return 0;
};

/** The task waits no more. */
export const forgetWaits = (patience: Patience, stay: Stay): void => {
  for (const level of levels) patience.forget(levelWait(stay, level));
  patience.forget(offerWait(stay));
  patience.forget(nobodyWait(stay));
};

const levelWait = (stay: Stay, level: PlacementLevel): string => `wait/${keyOf(stay)}/${level}`;
const offerWait = (stay: Stay): string => `offer/${keyOf(stay)}`;
const nobodyWait = (stay: Stay): string => `nobody/${keyOf(stay)}`;
const keyOf = ({ taskId, queuedMs }: Stay): string => `${taskId}/${queuedMs}`;
