import type { CaptureKind } from "../model/backup.ts";
import { type Level, isAtLeast } from "../model/inventory.ts";
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

/** True where the engine keeps checkpoints at all. */
export const supportsCheckpoints = (level: Level): boolean => isAtLeast(level, 5);
