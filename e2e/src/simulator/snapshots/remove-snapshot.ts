import { refreshSizes } from "../disks/make-disk.ts";
import { type Actor, type Engine, pause } from "../engine/engine.ts";
import { conflict, refused } from "../engine/engine-fault.ts";
import { eventCodes, noteEvent } from "../events/event-log.ts";
import type { Snapshot, Vm } from "../model/vm.ts";
import { checkDisksUnlocked, checkNoBackup, checkNoSnapshotWork } from "../vms/vm-rules.ts";
import { takeOver, volumeAbove } from "./snapshot-rows.ts";

const mergeAll = async (engine: Engine, vm: Vm, snapshot: Snapshot): Promise<void> => {
  for (const volume of snapshot.volumes.slice()) {
    const disk = engine.world.disks.get(volume.diskId);
    if (disk === undefined) continue;
    const above = volumeAbove(vm, snapshot, disk);
    await engine.storage.merge(above);
    takeOver(vm, snapshot, disk, above);
    await refreshSizes(engine, disk);
    engine.save();
  }
};

const carryOut = async (engine: Engine, actor: Actor, vm: Vm, snapshot: Snapshot): Promise<void> => {
  try {
    await pause(engine, "taskMs");
    await mergeAll(engine, vm, snapshot);
    vm.snapshots = vm.snapshots.filter((one) => one !== snapshot);
    noteEvent(engine, actor, {
      code: eventCodes.snapshotRemoved,
      description: `Snapshot '${snapshot.description}' deletion for VM '${vm.name}' has been completed.`,
      vmId: vm.id,
    });
  } catch (caught) {
    engine.log.warn("a snapshot could not be merged", { err: caught, vm: vm.id });
    snapshot.status = "ok";
    snapshot.removing = false;
    noteEvent(engine, actor, {
      code: eventCodes.snapshotRemovalFailed,
      severity: "error",
      description: `Failed to delete snapshot '${snapshot.description}' for VM '${vm.name}'.`,
      vmId: vm.id,
    });
  }
  engine.save();
};

/** Merges a snapshot away in the background; a partial failure leaves it `ok` with fewer disks. */
export const removeSnapshot = (engine: Engine, actor: Actor, vm: Vm, snapshot: Snapshot): void => {
  const action = "Cannot remove Snapshot";
  if (snapshot.type !== "regular") throw refused(`${action}. The active snapshot cannot be removed.`);
  checkNoBackup(engine, vm, action, "any");
  checkNoSnapshotWork(vm, action);
  if (!["up", "paused", "powering_up", "down"].includes(vm.status)) {
    throw conflict(`${action}. The VM must be up or down.`);
  }
  checkDisksUnlocked(engine, vm, action);
  snapshot.status = "locked";
  snapshot.removing = true;
  noteEvent(engine, actor, {
    code: eventCodes.snapshotRemovalStarted,
    description: `Snapshot '${snapshot.description}' deletion for VM '${vm.name}' was initiated by ${actor.login}.`,
    vmId: vm.id,
  });
  engine.save();
  engine.background.run("remove snapshot", () => carryOut(engine, actor, vm, snapshot));
};
