import { dropDisk } from "../disks/remove-disk.ts";
import { type Actor, type Engine, pause } from "../engine/engine.ts";
import { conflict } from "../engine/engine-fault.ts";
import { eventCodes, noteEvent } from "../events/event-log.ts";
import { eraseGuest } from "../guest/guest-files.ts";
import type { Vm } from "../model/vm.ts";
import type { World } from "../model/world.ts";
import { showRemoved, showStatus } from "./show-status.ts";
import { checkDisksUnlocked, checkNoBackup, checkNoSnapshotWork, checkNotBetween } from "./vm-rules.ts";

const leaveGroups = (world: World, vmId: string): void => {
  for (const holder of [...world.affinityGroups.values(), ...world.affinityLabels.values()])
    holder.vmIds = holder.vmIds.filter((id) => id !== vmId);
};

/** Removes a VM that is down, with its disks unless they are to be kept floating. */
export const removeVm = (engine: Engine, actor: Actor, vm: Vm, detachOnly: boolean): void => {
  const action = "Cannot remove VM";
  checkNoBackup(engine, vm, action, "any");
  if (vm.deleteProtected)
    throw conflict(`${action}. Delete protection is enabled. In order to delete, disable Delete protection first.`);
  checkNotBetween(vm, action);
  if (vm.status === "suspended") throw conflict(`${action}. VM is suspended.`);
  if (vm.status !== "down") throw conflict(`${action}. VM is running.`);
  checkNoSnapshotWork(vm, action);
  checkDisksUnlocked(engine, vm, action);
  if (detachOnly && vm.snapshots.some((snapshot) => snapshot.type === "regular")) {
    throw conflict(`${action}. The VM has snapshots: its disks cannot be detached.`);
  }
  showStatus(engine, vm, "image_locked");
  void engine.turns.run(vm.id, "remove vm", async (signal) => {
    await pause(engine, "vmMs", signal);
    for (const { diskId } of vm.attachments.slice()) {
      const disk = engine.world.disks.get(diskId);
      if (disk !== undefined && !detachOnly && !disk.shareable) await dropDisk(engine, actor, disk);
    }
    await eraseGuest(engine, vm.id);
    leaveGroups(engine.world, vm.id);
    noteEvent(engine, actor, {
      code: eventCodes.vmRemoved,
      description: `VM ${vm.name} was successfully removed.`,
      vmId: vm.id,
    });
    showRemoved(engine, vm);
  });
};
