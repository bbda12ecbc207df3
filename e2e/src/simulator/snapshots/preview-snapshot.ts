import { type Actor, type Engine, pause } from "../engine/engine.ts";
import { conflict, refused } from "../engine/engine-fault.ts";
import { noteEvent } from "../events/event-log.ts";
import type { Snapshot, Vm } from "../model/vm.ts";
import { checkDisksUnlocked, checkNoBackup, checkNoSnapshotWork } from "../vms/vm-rules.ts";
import { keepPreview, turnBack, turnTo } from "./preview-volumes.ts";

const failedCode = 69;

const checkDown = (engine: Engine, vm: Vm, action: string): void => {
  checkNoBackup(engine, vm, action, "any");
  if (vm.status !== "down") throw conflict(`${action}. VM is not down.`);
};

const checkTurnable = (engine: Engine, vm: Vm, snapshot: Snapshot, action: string): void => {
  if (snapshot.type !== "regular") throw refused(`${action}. The active snapshot cannot be previewed.`);
  checkDown(engine, vm, action);
  checkNoSnapshotWork(vm, action);
  checkDisksUnlocked(engine, vm, action);
  const missing = vm.attachments.filter(({ diskId }) => !snapshot.volumes.some((volume) => volume.diskId === diskId));
  if (missing.length > 0) throw conflict(`${action}. The VM has disks that are not in the snapshot.`);
};

/** Holds a snapshot locked while its volumes are worked on in the background. */
const workOn = (engine: Engine, actor: Actor, vm: Vm, work: () => Promise<void>): void => {
  const held = vm.snapshots.find(({ type }) => type === "active");
  const lock = (status: Snapshot["status"]): void => {
    if (held !== undefined) Object.assign(held, { status, removing: status === "locked" });
    engine.save();
  };
  lock("locked");
  engine.background.run("preview snapshot", async () => {
    try {
      await pause(engine, "taskMs");
      await work();
    } catch (caught) {
      engine.log.warn("a snapshot could not be previewed", { err: caught, vm: vm.id });
      noteEvent(engine, actor, {
        code: failedCode,
        severity: "error",
        description: `Failed to work on a snapshot of VM '${vm.name}'.`,
        vmId: vm.id,
      });
    } finally {
      lock("ok");
    }
  });
};

/** Shows a VM as it was at a snapshot, until that is committed or undone. The VM's configuration stays as it is. */
export const previewSnapshot = (engine: Engine, actor: Actor, vm: Vm, snapshot: Snapshot): void => {
  checkTurnable(engine, vm, snapshot, "Cannot preview Snapshot");
  workOn(engine, actor, vm, () => turnTo(engine, actor, vm, snapshot));
};

const checkPreviewing = (engine: Engine, vm: Vm, action: string): void => {
  checkDown(engine, vm, action);
  if (vm.previewedId === undefined) throw conflict(`${action}. VM is not previewing a Snapshot.`);
  const isBusy = vm.snapshots.some(({ status }) => status === "locked");
  if (isBusy) throw conflict(`${action}. Related operation is currently in progress. Please try again later.`);
  checkDisksUnlocked(engine, vm, action);
};

/** Keeps what is previewed. Every checkpoint of the VM goes. */
export const commitSnapshot = (engine: Engine, actor: Actor, vm: Vm): void => {
  checkPreviewing(engine, vm, "Cannot commit Snapshot");
  workOn(engine, actor, vm, () => keepPreview(engine, vm));
};

/** Goes back to what was before the preview. Every checkpoint of the VM goes. */
export const undoSnapshot = (engine: Engine, actor: Actor, vm: Vm): void => {
  checkPreviewing(engine, vm, "Cannot undo Snapshot");
  workOn(engine, actor, vm, () => turnBack(engine, vm));
};

/** Preview and commit in one. */
export const restoreSnapshot = (engine: Engine, actor: Actor, vm: Vm, snapshot: Snapshot): void => {
  checkTurnable(engine, vm, snapshot, "Cannot restore Snapshot");
  workOn(engine, actor, vm, async () => {
    await turnTo(engine, actor, vm, snapshot);
    await keepPreview(engine, vm);
  });
};
