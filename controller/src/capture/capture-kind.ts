import type { Capture } from "../hypervisor/captures.ts";
import { type Level, isAtLeast } from "../hypervisor/level.ts";

/** How the engine freezes disks; decided by it from the VM's level and status. */
export type CaptureKind = "hybrid" | "live" | "cold";

/** What the engine is going to do, as far as one can tell beforehand. Hybrid needs engine 4.5.0 and level 4.7. */
export const expectedKind = (vm: { readonly level: Level; readonly status: string }): CaptureKind => {
  if (isAtLeast(vm.level, 4, 7)) return "hybrid";
  return vm.status === "down" ? "cold" : "live";
};

/** What the engine did: only a hybrid capture names a snapshot. */
export const kindOf = (capture: Pick<Capture, "snapshotId">, statusAtStart: string): CaptureKind => {
  if (capture.snapshotId !== undefined) return "hybrid";
  return statusAtStart === "down" ? "cold" : "live";
};
