import type { SnapshotDisk } from "../hypervisor/snapshots.ts";
import { type CapturePlan, type PlannedDisk, remarksOf } from "./plan-disks.ts";
import { withoutTracking } from "./settle-modes.ts";

/** A plan as a snapshot can carry it out: a snapshot tells no changes and makes no checkpoint. */
export const snapshotPlan = (plan: CapturePlan): CapturePlan => withoutTracking(plan, "snapshot-capture");

/**
 * What a snapshot's plan becomes once the engine has said which disks are in it: one that was left out is skipped with a
 * warning, and sizes are those of the frozen moment.
 */
export const settleSnapshot = (plan: CapturePlan, frozen: readonly SnapshotDisk[]): CapturePlan => {
  const sizes = new Map(frozen.map(({ diskId, sizeBytes }) => [diskId, sizeBytes]));
  const disks = plan.disks.map((disk): PlannedDisk => {
    if (disk.mode === "skipped") return disk;
    const sizeBytes = sizes.get(disk.id);
    if (sizeBytes === undefined) return { ...disk, mode: "skipped", reason: "engine-left-out" };
    return sizeBytes === 0 ? disk : { ...disk, sizeBytes };
  });
  return { ...plan, disks, remarks: remarksOf(disks) };
};
