import type { CaptureDisk } from "../hypervisor/captures.ts";
import { type CapturePlan, type PlannedDisk, asksChanges, remarksOf, withoutChanges } from "./plan-disks.ts";
import type { Reason } from "./reasons.ts";

/**
 * What a plan becomes once the capture is ready and the engine has said per disk what it offers: `full` turns an incremental
 * disk to `compare`, a disk that the engine left out is skipped with a warning. The engine never turns a disk to incremental
 * that was not planned so.
 */
export const settleModes = (plan: CapturePlan, offered: readonly CaptureDisk[]): CapturePlan => {
  const modes = new Map(offered.map((disk) => [disk.diskId, disk.mode]));
  const disks = plan.disks.map((disk): PlannedDisk => {
    if (disk.mode === "skipped") return disk;
    if (!modes.has(disk.id)) return { ...disk, mode: "skipped", reason: "engine-left-out", checksTracking: false };
    if (!asksChanges(disk) || modes.get(disk.id) === "incremental") return disk;
    return withoutChanges(disk, "engine-says-full");
  });
  return { ...plan, disks, remarks: remarksOf(disks) };
};

/** The plan without change tracking: what remains when the engine refuses the base's checkpoint at the start. */
export const withoutTracking = (plan: CapturePlan, reason: Reason): CapturePlan => {
  const disks = plan.disks.map((disk) => withoutChanges(disk, reason));
  return { ...plan, disks, fromCheckpointId: undefined, remarks: remarksOf(disks) };
};
