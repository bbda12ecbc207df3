import { type Actor, type Engine, pause } from "../engine/engine.ts";
import { conflict } from "../engine/engine-fault.ts";
import { eventCodes, noteEvent } from "../events/event-log.ts";
import type { Disk } from "../model/disk.ts";
import { vmsWithDisk } from "./owners.ts";
import { lockedAliases } from "./disk-status.ts";

/** Removes a disk's files and rows wherever they are; asks nothing. */
export const dropDisk = async (engine: Engine, actor: Actor, disk: Disk): Promise<void> => {
  const layers: string[] = [];
  for (const vm of vmsWithDisk(engine.world, disk.id)) {
    vm.attachments = vm.attachments.filter((one) => one.diskId !== disk.id);
    for (const snapshot of vm.snapshots) {
      layers.unshift(...snapshot.volumes.filter((volume) => volume.diskId === disk.id).map(({ imageId }) => imageId));
      snapshot.volumes = snapshot.volumes.filter((volume) => volume.diskId !== disk.id);
    }
    for (const checkpoint of vm.checkpoints) checkpoint.diskIds = checkpoint.diskIds.filter((id) => id !== disk.id);
  }
  await engine.storage.removeVolume(disk.imageId);
  for (const layer of layers) await engine.storage.removeVolume(layer);
  engine.world.disks.delete(disk.id);
  noteEvent(engine, actor, {
    code: eventCodes.diskRemoved,
    description: `Disk ${disk.alias} was successfully removed (User ${actor.login}).`,
    diskId: disk.id,
  });
  engine.save();
};

/** Checks that a disk may be removed and removes it in the background: it is locked until it is gone. */
export const removeDisk = (engine: Engine, actor: Actor, disk: Disk): void => {
  const running = vmsWithDisk(engine.world, disk.id).filter((vm) => vm.status !== "down");
  const plugged = running.filter((vm) => vm.attachments.some((one) => one.diskId === disk.id && one.active));
  if (plugged.length > 0) {
    throw conflict(
      `Cannot remove Virtual Disk. The disk ${disk.alias} is plugged to non-Down VMs: ${plugged.map((vm) => vm.name).join(", ")}`,
    );
  }
  const locked = lockedAliases(engine.world, [disk.id]);
  if (locked.length > 0) {
    throw conflict(
      `Cannot remove Virtual Disk. The following disks are locked: ${locked.join(", ")}. Please try again in a few minutes.`,
    );
  }
  disk.busy = true;
  engine.save();
  engine.background.run("remove disk", async () => {
    await pause(engine, "taskMs");
    await dropDisk(engine, actor, disk);
  });
};
