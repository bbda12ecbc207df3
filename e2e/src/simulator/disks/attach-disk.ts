import type { Engine } from "../engine/engine.ts";
import { conflict } from "../engine/engine-fault.ts";
import type { Disk, DiskAttachment } from "../model/disk.ts";
import type { Vm } from "../model/vm.ts";
import { lockedAliases } from "./disk-status.ts";
import { vmsWithDisk } from "./owners.ts";

const plug = async (engine: Engine, vm: Vm, diskId: string): Promise<void> => {
  const disk = engine.world.disks.get(diskId);
  if (disk !== undefined && engine.storage.isRunning(vm.id)) {
    await engine.storage.plugDisk(vm.id, { diskId, volumeId: disk.imageId });
  }
};

const unplug = async (engine: Engine, vm: Vm, diskId: string): Promise<void> => {
  if (engine.storage.isRunning(vm.id)) await engine.storage.unplugDisk(vm.id, diskId);
};

const checkUnlocked = (engine: Engine, action: string, diskId: string): void => {
  const locked = lockedAliases(engine.world, [diskId]);
  if (locked.length === 0) return;
  throw conflict(`${action}. The following disks are locked: ${locked.join(", ")}. Please try again in a few minutes.`);
};

/** Attaches a disk to a VM, and plugs it when the VM runs. A disk that is not shareable has one owner at most. */
export const attachDisk = async (engine: Engine, vm: Vm, disk: Disk, attachment: DiskAttachment): Promise<void> => {
  const owners = vmsWithDisk(engine.world, disk.id);
  if (owners.includes(vm)) throw conflict("Cannot attach Virtual Disk. The disk is already attached to this VM.");
  if (owners.length > 0 && !disk.shareable) {
    throw conflict(
      `Cannot attach Virtual Disk. The disk ${disk.alias} is already attached to VM ${owners[0]?.name ?? ""}.`,
    );
  }
  vm.attachments.push(attachment);
  engine.save();
  if (attachment.active && !disk.busy) await plug(engine, vm, disk.id);
};

/** Plugs or unplugs. */
export const setActive = async (engine: Engine, vm: Vm, attachment: DiskAttachment, active: boolean): Promise<void> => {
  if (attachment.active === active) return;
  checkUnlocked(engine, active ? "Cannot activate VM Disk" : "Cannot deactivate VM Disk", attachment.diskId);
  await (active ? plug : unplug)(engine, vm, attachment.diskId);
  attachment.active = active;
  engine.save();
};

/** Detaches a disk: it floats afterwards, its change tracking is cleared. */
export const detachDisk = async (engine: Engine, vm: Vm, attachment: DiskAttachment): Promise<void> => {
  const { diskId } = attachment;
  checkUnlocked(engine, "Cannot detach Virtual Disk", diskId);
  if (attachment.active) await unplug(engine, vm, diskId);
  const disk = engine.world.disks.get(diskId);
  for (const checkpoint of vm.checkpoints.filter((one) => one.diskIds.includes(diskId))) {
    if (disk !== undefined) await engine.storage.removeCheckpoint(disk.imageId, checkpoint.id);
    checkpoint.diskIds = checkpoint.diskIds.filter((id) => id !== diskId);
  }
  vm.attachments = vm.attachments.filter((one) => one !== attachment);
  engine.save();
};
