import { checkDomains } from "../domains/domain-rules.ts";
import type { Engine } from "../engine/engine.ts";
import { conflict, refused } from "../engine/engine-fault.ts";
import type { Disk } from "../model/disk.ts";
import { lockedAliases } from "./disk-status.ts";
import { refreshSizes } from "./make-disk.ts";

/** Grows a disk, under a running VM too. Shrinking is refused. */
export const growDisk = async (engine: Engine, disk: Disk, sizeBytes: number): Promise<void> => {
  if (sizeBytes === disk.sizeBytes) return;
  if (sizeBytes < disk.sizeBytes) {
    throw refused("Cannot edit Virtual Disk. New disk size must be larger than the current disk size.");
  }
  const locked = lockedAliases(engine.world, [disk.id]);
  if (locked.length > 0) {
    throw conflict(
      `Cannot edit Virtual Disk. The following disks are locked: ${locked.join(", ")}. Please try again in a few minutes.`,
    );
  }
  checkDomains(engine, [disk.id], "Cannot edit Virtual Disk", "room");
  await engine.storage.growVolume(disk.imageId, sizeBytes);
  disk.sizeBytes = sizeBytes;
  await refreshSizes(engine, disk);
  engine.save();
};
