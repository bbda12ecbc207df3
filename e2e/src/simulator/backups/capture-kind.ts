import type { CaptureKind } from "../model/backup.ts";
import { type Level, isAtLeast, parseLevel } from "../model/inventory.ts";
import type { Vm } from "../model/vm.ts";

/** What decides how a VM is captured. */
export interface CaptureChoice {
  readonly level: Level;
  readonly status: Vm["status"];
  /** `legacy=true`: the only opt-out of hybrid. */
  readonly legacy: boolean;
  /** True for an engine from 4.5 on. */
  readonly knowsHybrid: boolean;
}

/** How the engine captures a VM. */
export const captureKindOf = ({ level, status, legacy, knowsHybrid }: CaptureChoice): CaptureKind => {
  if (knowsHybrid && isAtLeast(level, 7) && !legacy) return "hybrid";
  return status === "down" ? "cold" : "live";
};

/** True where the engine keeps checkpoints at all: from the level that its settings name on. */
export const supportsCheckpoints = (level: Level, from = "4.5"): boolean => isAtLeast(level, parseLevel(from).minor);

/** True where only disks that carry the engine's flag are tracked. */
export const asksForFlag = (level: Level): boolean => !isAtLeast(level, 5);
