import { dropDisk } from "../disks/remove-disk.ts";
import { type Actor, type Engine, pause } from "../engine/engine.ts";
import { conflict } from "../engine/engine-fault.ts";
import { eventCodes, noteEvent } from "../events/event-log.ts";
import type { Vm } from "../model/vm.ts";
import { checkDisksUnlocked, checkNoBackup, checkNoSnapshotWork } from "./vm-rules.ts";

/** Removes a VM that is down, with its disks unless they are to be kept floating. */
export const removeVm = (engine: Engine, actor: Actor, vm: Vm, detachOnly: boolean): void => {
  const action = "Cannot remove VM";
  checkNoBackup(engine, vm, action, "any");
  if (vm.deleteProtected)
    throw conflict(`${action}. Delete protection is enabled. In order to delete, disable Delete protection first.`);
  if (vm.status !== "down") throw conflict(`${action}. VM is running.`);
  checkNoSnapshotWork(vm, action);
  checkDisksUnlocked(engine, vm, action);
  if (detachOnly && vm.snapshots.some((snapshot) => snapshot.type === "regular")) {
    throw conflict(`${action}. The VM has snapshots: its disks cannot be detached.`);
  }
  vm.status = "image_locked";
  engine.save();
  engine.background.run("remove vm", async () => {
    await pause(engine, "vmMs");
    for (const { diskId } of vm.attachments.slice()) {
      const disk = engine.world.disks.get(diskId);
      if (disk !== undefined && !detachOnly && !disk.shareable) await dropDisk(engine, actor, disk);
    }
    engine.world.vms.delete(vm.id);
    noteEvent(engine, actor, {
      code: eventCodes.vmRemoved,
      description: `VM ${vm.name} was successfully removed.`,
      vmId: vm.id,
    });
    engine.save();
  });
};
