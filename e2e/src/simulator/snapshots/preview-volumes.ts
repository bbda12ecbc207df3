import { dropAllCheckpoints } from "../checkpoints/drop-all-checkpoints.ts";
import { refreshSizes } from "../disks/make-disk.ts";
import type { Actor, Engine } from "../engine/engine.ts";
import { newUuid } from "../engine/new-uuid.ts";
import type { Disk } from "../model/disk.ts";
import type { Snapshot, SnapshotVolume, Vm } from "../model/vm.ts";

interface Turned {
  readonly disk: Disk;
  /** The layer that takes writes while the snapshot is previewed. */
  readonly overlayId: string;
  readonly volume: SnapshotVolume;
}

const diskOf = (engine: Engine, { diskId }: SnapshotVolume): readonly Disk[] => {
  const disk = engine.world.disks.get(diskId);
  return disk === undefined ? [] : [disk];
};

const nowOf = (disk: Disk): SnapshotVolume => ({
  diskId: disk.id,
  imageId: disk.imageId,
  format: disk.format,
  sizeBytes: disk.sizeBytes,
});

/** The row that keeps what was active before a preview. */
const beforeRow = (engine: Engine, actor: Actor, turned: readonly Turned[]): Snapshot => ({
  id: newUuid(engine.random),
  type: "preview",
  description: "Active VM before the preview",
  createdMs: engine.clock.nowMs(),
  memory: false,
  status: "ok",
  removing: false,
  volumes: turned.map(({ disk }) => nowOf(disk)),
  ovf: "",
  madeBy: actor.login,
  byBackup: false,
});

/** Puts a new layer on each volume of the snapshot and makes it the disk's active one; what was active is kept in a row. */
export const turnTo = async (engine: Engine, actor: Actor, vm: Vm, snapshot: Snapshot): Promise<void> => {
  const turned: Turned[] = [];
  for (const volume of snapshot.volumes) {
    for (const disk of diskOf(engine, volume)) {
      const overlayId = newUuid(engine.random);
      const origin = { kind: "overlay", backingId: volume.imageId, sizeBytes: volume.sizeBytes } as const;
      await engine.storage.createVolume({ id: overlayId, format: "cow", origin });
      turned.push({ disk, overlayId, volume });
    }
  }
  const active = vm.snapshots.filter(({ type }) => type === "active");
  const others = vm.snapshots.filter(({ type }) => type !== "active");
  vm.snapshots = [...others, beforeRow(engine, actor, turned), ...active];
  for (const { disk, overlayId, volume } of turned) {
    Object.assign(disk, { imageId: overlayId, format: "cow", sizeBytes: volume.sizeBytes } satisfies Partial<Disk>);
  }
  vm.previewing = true;
  vm.previewedId = snapshot.id;
  engine.save();
};

const endPreview = async (engine: Engine, vm: Vm): Promise<void> => {
  vm.previewing = false;
  delete vm.previewedId;
  await dropAllCheckpoints(engine, vm);
  for (const { diskId } of vm.attachments) {
    const disk = engine.world.disks.get(diskId);
    if (disk !== undefined) await refreshSizes(engine, disk);
  }
  engine.save();
};

/** Throws the preview's layers away and makes active what was before. */
export const turnBack = async (engine: Engine, vm: Vm): Promise<void> => {
  const before = vm.snapshots.find(({ type }) => type === "preview");
  const layers: string[] = [];
  for (const volume of before?.volumes ?? []) {
    for (const disk of diskOf(engine, volume)) {
      layers.push(disk.imageId);
      const { imageId, format, sizeBytes } = volume;
      Object.assign(disk, { imageId, format, sizeBytes } satisfies Partial<Disk>);
    }
  }
  vm.snapshots = vm.snapshots.filter((one) => one !== before);
  engine.save();
  for (const layer of layers) await engine.storage.removeVolume(layer);
  await endPreview(engine, vm);
};

/** Keeps the preview: everything newer than its snapshot goes, the newest first. */
export const keepPreview = async (engine: Engine, vm: Vm): Promise<void> => {
  const at = vm.snapshots.findIndex(({ id }) => id === vm.previewedId);
  const newer = vm.snapshots.slice(at + 1).filter(({ type }) => type !== "active");
  vm.snapshots = vm.snapshots.filter((one) => !newer.includes(one));
  engine.save();
  for (const { volumes } of newer.toReversed()) {
    for (const { imageId } of volumes) await engine.storage.removeVolume(imageId);
  }
  await endPreview(engine, vm);
};
