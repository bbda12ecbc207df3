import { type Actor, type Engine, pause } from "../engine/engine.ts";
import { isEngineAtLeast } from "../engine/engine-version.ts";
import { conflict, refused } from "../engine/engine-fault.ts";
import { eventCodes, noteEvent } from "../events/event-log.ts";
import type { Checkpoint, Vm } from "../model/vm.ts";
import { checkNoBackup, checkNoSnapshotWork } from "../vms/vm-rules.ts";

const removeBitmaps = async (engine: Engine, vm: Vm, checkpoint: Checkpoint): Promise<void> => {
  const older = vm.checkpoints.slice(0, vm.checkpoints.indexOf(checkpoint));
  for (const diskId of checkpoint.diskIds) {
    const disk = engine.world.disks.get(diskId);
    const parent = older.findLast((one) => one.diskIds.includes(diskId));
    if (disk !== undefined) await engine.storage.removeCheckpoint(disk.imageId, checkpoint.id, parent?.id);
  }
};

const carryOut = async (engine: Engine, actor: Actor, vm: Vm, checkpoint: Checkpoint): Promise<void> => {
  await pause(engine, "phaseMs");
  try {
    await removeBitmaps(engine, vm, checkpoint);
    const child = vm.checkpoints.find((one) => one.parentId === checkpoint.id);
    if (child !== undefined) {
      if (checkpoint.parentId === undefined) delete child.parentId;
      else child.parentId = checkpoint.parentId;
    }
    vm.checkpoints = vm.checkpoints.filter((one) => one !== checkpoint);
    noteEvent(engine, actor, {
      code: eventCodes.checkpointDeleted,
      description: `VM ${vm.name} checkpoint ${checkpoint.id} deleted (User: ${actor.login}).`,
      vmId: vm.id,
    });
  } catch (caught) {
    engine.log.warn("a checkpoint could not be removed", { err: caught, checkpoint: checkpoint.id });
    checkpoint.removing = false;
    noteEvent(engine, actor, {
      code: eventCodes.checkpointDeleteFailed,
      severity: "error",
      description: `Failed to delete VM ${vm.name} checkpoint ${checkpoint.id}.`,
      vmId: vm.id,
    });
  }
  engine.save();
};

/** An engine before 4.4.7 deletes only the oldest checkpoint, and only of a VM that runs. */
const checkOldEngine = (vm: Vm, checkpoint: Checkpoint, action: string): void => {
  if (checkpoint.parentId !== undefined) throw refused(`${action}. Only the root checkpoint can be removed.`);
  if (vm.status !== "up") throw conflict(`${action}. VM is not running.`);
};

/** Takes a deletion; the row is gone when the bitmaps are. Of a VM that is down it is `invalid` meanwhile. */
export const removeCheckpoint = (engine: Engine, actor: Actor, vm: Vm, checkpoint: Checkpoint): void => {
  const action = "Cannot delete VM checkpoint";
  checkNoBackup(engine, vm, action, "any");
  checkNoSnapshotWork(vm, action);
  if (vm.checkpoints.some((one) => one.removing)) {
    throw conflict(`${action}. The VM is during a checkpoint removal operation.`);
  }
  if (!isEngineAtLeast(engine, "4.4.7")) checkOldEngine(vm, checkpoint, action);
  checkpoint.removing = true;
  if (vm.status === "down") checkpoint.state = "invalid";
  engine.save();
  engine.background.run("remove checkpoint", () => carryOut(engine, actor, vm, checkpoint));
};
