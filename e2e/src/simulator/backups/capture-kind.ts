import type { CaptureKind } from "../model/backup.ts";
import { type Level, isAtLeast } from "../model/inventory.ts";
import type { Vm } from "../model/vm.ts";

/** How the engine captures a VM: by its compatibility level, its status, and `legacy=true`, the only opt-out of hybrid. */
export const captureKindOf = (level: Level, status: Vm["status"], legacy: boolean): CaptureKind => {
  if (isAtLeast(level, 7) && !legacy) return "hybrid";
  return status === "down" ? "cold" : "live";
};

/** True where the engine keeps checkpoints at all. */
export const supportsCheckpoints = (level: Level): boolean => isAtLeast(level, 5);
