import { type Actor, type Engine, pause } from "../engine/engine.ts";
import { conflict, refused } from "../engine/engine-fault.ts";
import { newUuid } from "../engine/new-uuid.ts";
import { eventCodes, noteEvent } from "../events/event-log.ts";
import type { Disk, DiskFormat } from "../model/disk.ts";
import { lockedAliases } from "./disk-status.ts";
import { refreshSizes } from "./make-disk.ts";
import { vmsWithDisk } from "./owners.ts";

const action = "Cannot convert Virtual Disk";

const check = (engine: Engine, disk: Disk, format: DiskFormat): void => {
  if (disk.format === format) throw refused(`${action}. The disk has this format already.`);
  const owners = vmsWithDisk(engine.world, disk.id);
  if (owners.some(({ status }) => status !== "down")) throw conflict(`${action}. The disk is plugged to non-Down VMs.`);
  const volumes = owners.flatMap(({ snapshots }) => snapshots.flatMap((snapshot) => snapshot.volumes));
  if (volumes.some(({ diskId }) => diskId === disk.id)) throw conflict(`${action}. The disk has snapshots.`);
  if (lockedAliases(engine.world, [disk.id]).length > 0) {
    throw conflict(`${action}. The following disks are locked: ${disk.alias}. Please try again in a few minutes.`);
  }
};

/** A copy carries no bitmaps: the disk is in no checkpoint any more. */
const forgetChanges = (engine: Engine, disk: Disk): void => {
  for (const vm of vmsWithDisk(engine.world, disk.id)) {
    for (const checkpoint of vm.checkpoints) {
      checkpoint.diskIds = checkpoint.diskIds.filter((id) => id !== disk.id);
    }
  }
};

const carryOut = async (engine: Engine, actor: Actor, disk: Disk, format: DiskFormat): Promise<void> => {
  const [former, imageId] = [disk.imageId, newUuid(engine.random)];
  try {
    disk.spareVolumeId = imageId;
    engine.save();
    await pause(engine, "taskMs");
    await engine.storage.createVolume({ id: imageId, format, origin: { kind: "copy", sourceId: former } });
    Object.assign(disk, { imageId, format, sparse: format === "cow", spareVolumeId: former } satisfies Partial<Disk>);
    if (format === "raw") disk.backup = "none";
    forgetChanges(engine, disk);
    engine.save();
    await engine.storage.removeVolume(former);
    await refreshSizes(engine, disk);
  } catch (caught) {
    engine.log.warn("a disk could not be converted", { err: caught, disk: disk.id });
    noteEvent(engine, actor, {
      code: eventCodes.diskConversionFailed,
      severity: "error",
      description: `Failed to convert disk '${disk.alias}'.`,
      diskId: disk.id,
    });
  } finally {
    disk.busy = false;
    delete disk.spareVolumeId;
    engine.save();
  }
};

/** What a restart broke off: the disk stays what it is by then, and nothing of the other format. */
export const endConversion = async (engine: Engine, disk: Disk): Promise<void> => {
  if (disk.spareVolumeId !== undefined) await engine.storage.removeVolume(disk.spareVolumeId);
  disk.busy = false;
  delete disk.spareVolumeId;
};

/** Turns a disk that no VM runs on into another format, in the background: it is locked until then. */
export const convertDisk = (engine: Engine, actor: Actor, disk: Disk, format: DiskFormat): void => {
  check(engine, disk, format);
  disk.busy = true;
  engine.background.run("convert disk", () => carryOut(engine, actor, disk, format));
};
