import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

import type { EngineEvent } from "../hypervisor/events.ts";
import { freezeTold } from "../hypervisor/snapshot-events.ts";
import type { CapturePolicy } from "./capture-policy.ts";
import type { CaptureRemark } from "./reasons.ts";

/**
 * What a point may be trusted to be: `offline`, the VM was down and nothing was being written; `filesystem`, its guest agent had
 * written everything out and held the file systems still; `crash`, as after a power failure. What applications did at the
 * freeze no engine tells.
 */
export type ConsistencyLevel = "offline" | "filesystem" | "crash";

/** What tells the level of a capture that is ready. */
export interface ConsistencyFacts {
  readonly vmStatus: string;
  /** True when there would be no capture without a frozen guest: it was required of the engine, or we froze it. */
  readonly isProven: boolean;
  /** Events of the attempt's correlation id, oldest first. */
  readonly events: readonly EngineEvent[];
}

/** The level that a capture reached; without a word of the engine it is the lowest. */
export const consistencyReached = ({ vmStatus, isProven, events }: ConsistencyFacts): ConsistencyLevel => {
  if (vmStatus === "down") return "offline";
  return isProven || freezeTold(events) === "frozen" ? "filesystem" : "crash";
};

/** What a job's wish makes of the level: nothing, a warning, or CONSISTENCY_NOT_REACHED. */
export const judgeConsistency = (
  wish: CapturePolicy["consistency"],
  level: ConsistencyLevel,
  events: readonly EngineEvent[],
): readonly CaptureRemark[] => {
  if (wish === "none" || level !== "crash") return [];
  const why =
    freezeTold(events) === "failed"
      ? "the engine could not freeze its guest's file systems"
      : "the engine does not say that its guest's file systems were frozen";
  if (wish === "required") throw new HoldfastError("CONSISTENCY_NOT_REACHED", why);
  const message = `${why}: the point is as after a power failure`;
  return [{ level: "warning", code: "CONSISTENCY_NOT_REACHED", message, diskId: "" }];
};
