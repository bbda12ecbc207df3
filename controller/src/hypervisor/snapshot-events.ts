import type { EngineEvent } from "./events.ts";

/** A snapshot was asked for, and made. */
const snapshotCodes: readonly number[] = [45, 68];
const freezeDone = 10_767;
const freezeFailed = 10_764;

/** True when events of one correlation id tell that a snapshot of this VM was made under it. */
export const tellsSnapshotOf = (events: readonly EngineEvent[], vmId: string): boolean =>
  events.some((event) => event.vmId === vmId && snapshotCodes.includes(event.code));

/** What events, oldest first, last told about the freezing of the guest; undefined when nothing. */
export const freezeTold = (events: readonly EngineEvent[]): "frozen" | "failed" | undefined => {
  const last = events.findLast(({ code }) => code === freezeDone || code === freezeFailed);
  if (last === undefined) return undefined;
  return last.code === freezeDone ? "frozen" : "failed";
};
