import type { Actor, Engine } from "../engine/engine.ts";
import { newUuid } from "../engine/new-uuid.ts";
import { eventCodes, noteEvent } from "../events/event-log.ts";
import type { Backup } from "../model/backup.ts";
import type { Vm } from "../model/vm.ts";
import { type SnapshotDisk, activateOverlays, addSnapshotRow, takeOver } from "../snapshots/snapshot-rows.ts";
import type { CaptureEnd } from "../storage/block-layer.ts";

/** Name that the engine gives to the snapshot of a hybrid backup. */
export const hybridSnapshotName = "Auto-generated for Backup VM";

/** The engine's own snapshot of a hybrid backup, before its volumes exist. */
export interface HybridSnapshot {
  readonly disks: readonly SnapshotDisk[];
  /** Overlay id by disk id. */
  readonly overlays: ReadonlyMap<string, string>;
}

/** Adds the snapshot's row, locked, and names it in the backup. */
export const beginHybridSnapshot = (engine: Engine, actor: Actor, vm: Vm, backup: Backup): HybridSnapshot => {
  const disks = backup.disks.flatMap(({ diskId }) => {
    const disk = engine.world.disks.get(diskId);
    return disk === undefined ? [] : [{ disk, overlayId: newUuid(engine.random) }];
  });
  const snapshot = addSnapshotRow(engine, actor, vm, {
    description: hybridSnapshotName,
    memory: false,
    byBackup: true,
    disks,
  });
  backup.snapshotId = snapshot.id;
  engine.save();
  return { disks, overlays: new Map(disks.map(({ disk, overlayId }) => [disk.id, overlayId])) };
};

/** The overlays take the guest's writes now. */
export const completeHybridSnapshot = (engine: Engine, vm: Vm, backup: Backup, made: HybridSnapshot): void => {
  activateOverlays(made.disks);
  const snapshot = vm.snapshots.find((one) => one.id === backup.snapshotId);
  if (snapshot !== undefined) snapshot.status = "ok";
  engine.save();
};

/** The capture never came to be: the row goes. */
export const dropHybridSnapshot = (engine: Engine, vm: Vm, backup: Backup): void => {
  vm.snapshots = vm.snapshots.filter((one) => one.id !== backup.snapshotId);
  engine.save();
};

/** Locks the snapshot while its overlays are merged. */
export const lockHybridSnapshot = (vm: Vm, backup: Backup): void => {
  const snapshot = vm.snapshots.find((one) => one.id === backup.snapshotId);
  if (snapshot === undefined) return;
  snapshot.status = "locked";
  snapshot.removing = true;
};

/** Takes over how the merges ended; what could not be merged stays as a snapshot, which only an event tells. */
export const endHybridSnapshot = (engine: Engine, actor: Actor, backup: Backup, ends: readonly CaptureEnd[]): void => {
  const vm = engine.world.vms.get(backup.vmId);
  const snapshot = vm?.snapshots.find((one) => one.id === backup.snapshotId);
  if (vm === undefined || snapshot === undefined) return;
  for (const end of ends) {
    const disk = engine.world.disks.get(end.diskId);
    if (end.state === "clean" && disk !== undefined) takeOver(vm, snapshot, disk, disk.imageId);
  }
  if (snapshot.volumes.length === 0) {
    vm.snapshots = vm.snapshots.filter((one) => one !== snapshot);
    return;
  }
  snapshot.status = "ok";
  snapshot.removing = false;
  noteEvent(engine, actor, {
    code: eventCodes.snapshotLeftBehind,
    severity: "warning",
    description: `Failed to remove the auto-generated snapshot of VM ${vm.name} for backup ${backup.id}. The snapshot should be removed manually.`,
    vmId: vm.id,
  });
};
