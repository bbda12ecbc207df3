import type { Engine } from "../engine/engine.ts";
import type { Backup, BackupDisk } from "../model/backup.ts";
import type { Vm } from "../model/vm.ts";
import type { CaptureSpec, CapturedDisk } from "../storage/block-layer.ts";
import { mayBeTracked } from "./may-be-tracked.ts";

/** The checkpoints whose changes make up the increment of one disk: the one it builds on and all newer, oldest first. */
const sinceOf = (vm: Vm, backup: Backup, disk: BackupDisk): readonly string[] => {
  const start = vm.checkpoints.findIndex((checkpoint) => checkpoint.id === backup.fromCheckpointId);
  return vm.checkpoints
    .slice(start)
    .filter((checkpoint) => checkpoint.id !== backup.toCheckpointId && checkpoint.diskIds.includes(disk.diskId))
    .map(({ id }) => id);
};

const toCapturedDisk = (engine: Engine, vm: Vm, backup: Backup, disk: BackupDisk): CapturedDisk => {
  const tracked =
    backup.toCheckpointId !== undefined &&
    formatOf(engine, backup, disk) === "cow" &&
    mayBeTracked(engine, vm, disk.diskId);
  return {
    diskId: disk.diskId,
    volumeId: disk.imageId,
    ...(disk.mode === "incremental" ? { since: sinceOf(vm, backup, disk) } : {}),
    ...(tracked && backup.toCheckpointId !== undefined ? { newCheckpointId: backup.toCheckpointId } : {}),
  };
};

/** Format of the frozen volume: while a hybrid backup runs, the disk's active one is its overlay. */
const formatOf = (engine: Engine, backup: Backup, disk: BackupDisk): string | undefined => {
  const snapshot = engine.world.vms.get(backup.vmId)?.snapshots.find((one) => one.id === backup.snapshotId);
  const frozen = snapshot?.volumes.find((volume) => volume.diskId === disk.diskId);
  return (frozen ?? engine.world.disks.get(disk.diskId))?.format;
};

/** What the block layer is to freeze; hybrid overlays are named by disk. */
export const captureSpec = (
  engine: Engine,
  vm: Vm,
  backup: Backup,
  overlays: ReadonlyMap<string, string>,
): CaptureSpec => {
  const disks = backup.disks.map((disk) => toCapturedDisk(engine, vm, backup, disk));
  switch (backup.kind) {
    case "live":
      return { kind: "live", id: backup.id, vmId: vm.id, disks };
    case "cold":
      return { kind: "cold", id: backup.id, disks };
    case "hybrid":
      return {
        kind: "hybrid",
        id: backup.id,
        disks: disks.map((disk) => ({ ...disk, overlayId: overlays.get(disk.diskId) ?? disk.volumeId })),
      };
  }
};
