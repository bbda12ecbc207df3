import type { AttachedDisk, Vm } from "../hypervisor/inventory.ts";
import { isAtLeast } from "../hypervisor/level.ts";
import { needsFlag } from "./plan-disks.ts";

/** What is to be done about the engine's flag for change tracking on one disk, with why. */
export interface TrackingChoice {
  readonly choice: "enable" | "already" | "not-needed" | "impossible";
  readonly words: string;
}

/** Decides whether a disk's flag is to be set; only below level 4.5 does the engine look at it, and only of its own qcow2 disks. */
export const chooseTracking = (vm: Pick<Vm, "level">, disk: AttachedDisk): TrackingChoice => {
  if (disk.storageType !== "image" || disk.shareable)
    return { choice: "impossible", words: "only image disks of one VM are tracked" };
  if (disk.format === "raw")
    return { choice: "impossible", words: "raw disks are not tracked: convert it to qcow2, or restore it as one" };
  if (isAtLeast(vm.level, 4, 5))
    return { choice: "not-needed", words: "from compatibility level 4.5 on every qcow2 disk is tracked" };
  if (!needsFlag(vm, disk)) return { choice: "already", words: "the engine's flag is set" };
  return { choice: "enable", words: "the engine's flag is to be set: changes are tracked from the next backup on" };
};
