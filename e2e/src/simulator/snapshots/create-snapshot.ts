import { refreshSizes } from "../disks/make-disk.ts";
import { type Actor, type Engine, labActor, pause } from "../engine/engine.ts";
import { incomplete, refused } from "../engine/engine-fault.ts";
import { newUuid } from "../engine/new-uuid.ts";
import { checkDomains } from "../domains/domain-rules.ts";
import { eventCodes, noteEvent } from "../events/event-log.ts";
import type { Snapshot, Vm } from "../model/vm.ts";
import { freezeGuest } from "../vms/freeze.ts";
import { showStatus } from "../vms/show-status.ts";
import { checkDisksUnlocked, checkNoBackup, checkNoSnapshotWork } from "../vms/vm-rules.ts";
import { copyToReference } from "./copy-to-reference.ts";
import { type SnapshotDisk, activateOverlays, addSnapshotRow } from "./snapshot-rows.ts";

/** What a client asks for; `disks` absent means all of them, empty means configuration only. */
export interface SnapshotRequest {
  readonly description: string | undefined;
  readonly memory: boolean;
  readonly disks?: readonly { readonly diskId: string; readonly imageId?: string | undefined }[] | undefined;
}

const chosenDisks = (engine: Engine, vm: Vm, request: SnapshotRequest): readonly SnapshotDisk[] => {
  const chosen = request.disks ?? vm.attachments.map(({ diskId }) => ({ diskId, imageId: undefined }));
  return chosen.flatMap(({ diskId, imageId }) => {
    const disk = engine.world.disks.get(diskId);
    if (disk === undefined || !vm.attachments.some((one) => one.diskId === diskId)) {
      throw refused(`Cannot create Snapshot. The following disks are not attached to VM ${vm.name}: ${diskId}`);
    }
    return disk.shareable ? [] : [{ disk, overlayId: imageId ?? newUuid(engine.random) }];
  });
};

const freeze = async (engine: Engine, actor: Actor, vm: Vm, chosen: readonly SnapshotDisk[]): Promise<void> => {
  if (vm.status === "up") freezeGuest(engine, actor, vm);
  if (chosen.length === 0) return;
  await engine.storage.snapshot(chosen.map(({ disk, overlayId }) => ({ volumeId: disk.imageId, overlayId })));
  activateOverlays(chosen);
  for (const { disk } of chosen) await refreshSizes(engine, disk);
};

const carryOut = async (
  engine: Engine,
  actor: Actor,
  { vm, snapshot, chosen }: { vm: Vm; snapshot: Snapshot; chosen: readonly SnapshotDisk[] },
): Promise<void> => {
  const runs = vm.status === "up";
  // A snapshot with memory stops the guest while its memory is saved.
  if (snapshot.memory && runs) showStatus(engine, vm, "saving_state");
  try {
    await pause(engine, "taskMs");
    await freeze(engine, actor, vm, chosen);
    if (actor !== labActor) await copyToReference(engine, vm, snapshot);
    snapshot.status = "ok";
    noteEvent(engine, actor, {
      code: eventCodes.snapshotDone,
      description: `Snapshot '${snapshot.description}' creation for VM '${vm.name}' has been completed.`,
      vmId: vm.id,
    });
  } catch (caught) {
    engine.log.warn("a snapshot failed", { err: caught, vm: vm.id });
    vm.snapshots = vm.snapshots.filter((one) => one !== snapshot);
    noteEvent(engine, actor, {
      code: eventCodes.snapshotFailed,
      severity: "error",
      description: `Failed to complete snapshot '${snapshot.description}' creation for VM '${vm.name}'.`,
      vmId: vm.id,
    });
  } finally {
    if (snapshot.memory && runs) showStatus(engine, vm, "up");
    engine.save();
  }
};

/** Takes a snapshot in the background; the row is `locked` until then, and vanishes when it fails. */
export const createSnapshot = (engine: Engine, actor: Actor, vm: Vm, request: SnapshotRequest): Snapshot => {
  const action = "Cannot create Snapshot";
  if (request.description === undefined) throw incomplete("Snapshot [description] required for add");
  checkNoBackup(engine, vm, action, "any");
  checkNoSnapshotWork(vm, action);
  checkDisksUnlocked(engine, vm, action);
  const chosen = chosenDisks(engine, vm, request);
  checkDomains(
    engine,
    chosen.map(({ disk }) => disk.id),
    action,
    "room",
  );
  const snapshot = addSnapshotRow(engine, actor, vm, {
    description: request.description,
    memory: request.memory && vm.status === "up",
    byBackup: false,
    disks: chosen,
  });
  noteEvent(engine, actor, {
    code: eventCodes.snapshotStarted,
    description: `Snapshot '${snapshot.description}' creation for VM '${vm.name}' was initiated by ${actor.login}.`,
    vmId: vm.id,
  });
  engine.save();
  engine.background.run("create snapshot", () => carryOut(engine, actor, { vm, snapshot, chosen }));
  return snapshot;
};
