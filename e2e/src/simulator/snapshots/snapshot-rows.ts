import type { Actor, Engine } from "../engine/engine.ts";
import { newUuid } from "../engine/new-uuid.ts";
import type { Disk } from "../model/disk.ts";
import type { Snapshot, Vm } from "../model/vm.ts";
import { writeOvf } from "../ovf/write-ovf.ts";
import { newActiveSnapshot } from "../vms/make-vm.ts";

/** A disk of a new snapshot, with the id that its new active volume gets. */
export interface SnapshotDisk {
  readonly disk: Disk;
  readonly overlayId: string;
}

/** What a new snapshot row is to say. */
export interface NewSnapshot {
  readonly description: string;
  readonly memory: boolean;
  readonly byBackup: boolean;
  readonly disks: readonly SnapshotDisk[];
}

/**
 * Adds a locked snapshot. It takes over the id that the active snapshot had, and the active one gets a fresh id, as on
 * the engine.
 */
export const addSnapshotRow = (engine: Engine, actor: Actor, vm: Vm, wanted: NewSnapshot): Snapshot => {
  const active = vm.snapshots.find((snapshot) => snapshot.type === "active");
  const snapshot: Snapshot = {
    id: active?.id ?? newUuid(engine.random),
    type: "regular",
    description: wanted.description,
    createdMs: engine.clock.nowMs(),
    memory: wanted.memory,
    status: "locked",
    removing: false,
    volumes: wanted.disks.map(({ disk }) => ({
      diskId: disk.id,
      imageId: disk.imageId,
      format: disk.format,
      sizeBytes: disk.sizeBytes,
    })),
    ovf: writeOvf(engine.world, vm),
    madeBy: actor.login,
    byBackup: wanted.byBackup,
  };
  vm.snapshots = [...vm.snapshots.filter((one) => one !== active), snapshot, newActiveSnapshot(engine, actor)];
  engine.save();
  return snapshot;
};

/** The overlays are the active volumes now; they are qcow2 whatever is below. */
export const activateOverlays = (disks: readonly SnapshotDisk[]): void => {
  for (const { disk, overlayId } of disks) {
    disk.imageId = overlayId;
    disk.format = "cow";
  }
};

/** The volume that stands on this one: of the next snapshot that has the disk, or the disk's active one. */
export const volumeAbove = (vm: Vm, snapshot: Snapshot, disk: Disk): string => {
  const later = vm.snapshots.slice(vm.snapshots.indexOf(snapshot) + 1);
  return later.flatMap(({ volumes }) => volumes).find((volume) => volume.diskId === disk.id)?.imageId ?? disk.imageId;
};

/** The volume above was merged into the snapshot's: whoever had it has the lower one now. */
export const takeOver = (vm: Vm, snapshot: Snapshot, disk: Disk, merged: string): void => {
  const volume = snapshot.volumes.find((one) => one.diskId === disk.id);
  if (volume === undefined) return;
  for (const one of vm.snapshots.flatMap(({ volumes }) => volumes)) {
    if (one.imageId !== merged) continue;
    one.imageId = volume.imageId;
    one.format = volume.format;
  }
  if (disk.imageId === merged) {
    disk.imageId = volume.imageId;
    disk.format = volume.format;
  }
  snapshot.volumes = snapshot.volumes.filter((one) => one !== volume);
};
