import type { Engine } from "../engine/engine.ts";
import { conflict } from "../engine/engine-fault.ts";
import { lockedAliases } from "../disks/disk-status.ts";
import { type Backup, isBackupOpen } from "../model/backup.ts";
import type { Level } from "../model/inventory.ts";
import { parseLevel } from "../model/inventory.ts";
import type { Vm } from "../model/vm.ts";
import type { World } from "../model/world.ts";

/** The backup that is not over yet; a VM has at most one. */
export const openBackupOf = (world: World, vmId: string): Backup | undefined =>
  [...world.backups.values()].find((backup) => backup.vmId === vmId && isBackupOpen(backup));

/** Compatibility level that the engine applies to this VM: its own, or the cluster's. */
export const levelOf = (world: World, vm: Vm): Level =>
  vm.customLevel ?? world.clusters.get(vm.clusterId)?.level ?? parseLevel("4.7");

/** Refuses while a backup forbids it: a live or cold one (`strict`), or any kind. */
export const checkNoBackup = (engine: Engine, vm: Vm, action: string, kinds: "strict" | "any"): void => {
  const backup = openBackupOf(engine.world, vm.id);
  if (backup === undefined || (kinds === "strict" && backup.kind === "hybrid")) return;
  throw conflict(`${action}. The VM is during a backup operation.`);
};

/** Refuses while the VM is being made, removed, suspended or resumed. */
export const checkNotBetween = (vm: Vm, action: string): void => {
  if (vm.status === "image_locked") throw conflict(`${action}. VM is locked. Please try again in a few minutes.`);
  if (vm.status === "saving_state" || vm.status === "restoring_state")
    throw conflict(`${action}. VM is Saving/Restoring.`);
};

/** Refuses while a disk of the VM is locked. */
export const checkDisksUnlocked = (engine: Engine, vm: Vm, action: string): void => {
  const locked = lockedAliases(
    engine.world,
    vm.attachments.map(({ diskId }) => diskId),
  );
  if (locked.length === 0) return;
  throw conflict(`${action}. The following disks are locked: ${locked.join(", ")}. Please try again in a few minutes.`);
};

/** Refuses while a snapshot is being made, merged or previewed. */
export const checkNoSnapshotWork = (vm: Vm, action: string): void => {
  if (vm.previewing) throw conflict(`${action}. VM is previewing a Snapshot.`);
  checkSnapshotsIdle(vm, action);
};

/** Refuses while a snapshot is being made or merged; what is previewed may be used. */
export const checkSnapshotsIdle = (vm: Vm, action: string): void => {
  const busy = vm.snapshots.find((snapshot) => snapshot.status === "locked");
  if (busy === undefined) return;
  throw conflict(
    busy.removing
      ? `${action}. The VM is performing an operation on a Snapshot. Please wait for the operation to finish, and try again.`
      : `${action}. Snapshot is currently being created for VM ${vm.name}.`,
  );
};
