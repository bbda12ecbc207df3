import { type Actor, type Engine, pause } from "../engine/engine.ts";
import { eventCodes, noteEvent } from "../events/event-log.ts";
import type { Disk, DiskFormat } from "../model/disk.ts";
import type { VolumeOrigin } from "../storage/block-layer.ts";

/** What a new disk is to be. */
export interface NewDisk {
  readonly id: string;
  readonly imageId: string;
  readonly alias: string;
  readonly description?: string;
  readonly format: DiskFormat;
  readonly sparse?: boolean;
  readonly storageDomainId: string;
  readonly backup?: "none" | "incremental";
  readonly shareable?: boolean;
  readonly wipeAfterDelete?: boolean;
  readonly ofTemplate?: boolean;
  readonly backingDiskId?: string;
  readonly sizeBytes: number;
}

/** Adds the row of a disk whose image is still to be made: it is locked. */
export const addDiskRow = (engine: Engine, actor: Actor, wanted: NewDisk): Disk => {
  const disk: Disk = {
    id: wanted.id,
    imageId: wanted.imageId,
    alias: wanted.alias,
    description: wanted.description ?? "",
    format: wanted.format,
    sparse: wanted.sparse ?? true,
    sizeBytes: wanted.sizeBytes,
    storageDomainId: wanted.storageDomainId,
    backup: wanted.backup ?? "none",
    shareable: wanted.shareable ?? false,
    wipeAfterDelete: wanted.wipeAfterDelete ?? false,
    contentType: "data",
    ofTemplate: wanted.ofTemplate ?? false,
    busy: true,
    illegal: false,
    actualBytes: 0,
    totalBytes: 0,
    createdMs: engine.clock.nowMs(),
    madeBy: actor.login,
    ...(wanted.backingDiskId === undefined ? {} : { backingDiskId: wanted.backingDiskId }),
  };
  engine.world.disks.set(disk.id, disk);
  engine.save();
  return disk;
};

/** Looks how much the disk's own volumes occupy. */
export const refreshSizes = async (engine: Engine, disk: Disk): Promise<void> => {
  const older = [...engine.world.vms.values()].flatMap((vm) =>
    vm.snapshots.flatMap(({ volumes }) => volumes.filter((volume) => volume.diskId === disk.id)),
  );
  const active = await engine.storage.inspectVolume(disk.imageId);
  const layers = await Promise.all(older.map(({ imageId }) => engine.storage.inspectVolume(imageId)));
  disk.actualBytes = active.actualBytes;
  disk.totalBytes = active.actualBytes + layers.reduce((sum, layer) => sum + layer.actualBytes, 0);
};

/** Makes the image of a disk whose row is there and unlocks it. On failure the row vanishes and the error is thrown. */
export const makeImage = async (engine: Engine, actor: Actor, disk: Disk, origin: VolumeOrigin): Promise<void> => {
  try {
    await pause(engine, "taskMs");
    const facts = await engine.storage.createVolume({ id: disk.imageId, format: disk.format, origin });
    disk.sizeBytes = facts.sizeBytes;
    await refreshSizes(engine, disk);
    disk.busy = false;
    noteEvent(engine, actor, {
      code: eventCodes.diskAdded,
      description: `The disk '${disk.alias}' was successfully added.`,
      diskId: disk.id,
    });
  } catch (caught) {
    engine.world.disks.delete(disk.id);
    throw caught;
  } finally {
    engine.save();
  }
};
