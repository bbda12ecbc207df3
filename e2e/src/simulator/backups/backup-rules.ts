import type { Engine } from "../engine/engine.ts";
import { EngineFault, conflict, incomplete, refused } from "../engine/engine-fault.ts";
import { checkDomains } from "../domains/domain-rules.ts";
import { lockedAliases } from "../disks/disk-status.ts";
import type { BackupDisk, CaptureKind } from "../model/backup.ts";
import type { Disk } from "../model/disk.ts";
import type { Checkpoint, Vm } from "../model/vm.ts";
import { levelOf, openBackupOf } from "../vms/vm-rules.ts";
import { asksForFlag, supportsCheckpoints } from "./capture-kind.ts";

/** What a client asks for when it starts a backup. */
export interface BackupRequest {
  readonly id?: string | undefined;
  readonly description: string;
  readonly fromCheckpointId?: string | undefined;
  readonly diskIds: readonly string[];
  readonly legacy: boolean;
  readonly requireConsistency: boolean;
}

const action = "Cannot backup VM";

const checkRequest = (engine: Engine, request: BackupRequest): void => {
  if (request.id !== undefined && engine.world.backups.has(request.id)) {
    throw refused(`${action}. The specified VM backup ID ${request.id} already exists`);
  }
  if (request.description.length > 1024) throw refused(`${action}. The description is too long.`);
  const unknown = request.diskIds.filter((id) => !engine.world.disks.has(id));
  if (unknown.length > 0) throw refused(`${action}. The following disks do not exist: ${unknown.join(", ")}.`);
};

const checkVm = (engine: Engine, vm: Vm): void => {
  if (vm.origin === "managed_hosted_engine") throw conflict(`${action}. Backup of Hosted Engine VM is not supported.`);
  if (openBackupOf(engine.world, vm.id) !== undefined) {
    throw conflict(`${action}. The VM is during a backup operation.`);
  }
  if (vm.status !== "up" && vm.status !== "down") {
    throw conflict(`${action}. The Virtual Machine should be in Up or Down status.`);
  }
  if (vm.previewing) throw conflict(`${action}. VM is previewing a Snapshot.`);
  if (vm.checkpoints.some((checkpoint) => checkpoint.removing)) {
    throw conflict(`${action}. The VM is during a checkpoint removal operation.`);
  }
};

const checkHost = (engine: Engine, vm: Vm, kind: CaptureKind): void => {
  const host = engine.world.hosts.get(vm.hostId ?? "");
  if (kind === "live" && host?.knowsBackups === false) {
    throw conflict(`${action}. Backup is not supported by the host (${host.name}).`);
  }
};

const checkDisks = (engine: Engine, vm: Vm, diskIds: readonly string[]): void => {
  const inactive = diskIds.filter((id) => vm.attachments.some((one) => one.diskId === id && !one.active));
  if (inactive.length > 0) {
    throw conflict(`${action}. The following disks are not active on VM ${vm.name}: ${inactive.join(", ")}`);
  }
  const locked = lockedAliases(engine.world, diskIds);
  if (locked.length > 0) {
    throw conflict(
      `${action}. The following disks are locked: ${locked.join(", ")}. Please try again in a few minutes.`,
    );
  }
};

const checkLevel = (engine: Engine, vm: Vm, request: BackupRequest, kind: CaptureKind): void => {
  if (supportsCheckpoints(levelOf(engine.world, vm), engine.config.incrementalFrom)) return;
  if (request.fromCheckpointId !== undefined) throw refused(`${action}. Incremental backup is not supported.`);
  if (kind === "cold") throw conflict(`${action}. Bitmaps operations are not supported.`);
};

const checkpointOf = (vm: Vm, id: string | undefined): Checkpoint | undefined => {
  if (id === undefined) return undefined;
  const checkpoint = vm.checkpoints.find((one) => one.id === id);
  if (checkpoint === undefined) throw refused(`${action}. Checkpoint ID ${id} doesn't exist.`);
  if (checkpoint.state === "invalid") {
    throw refused(`${action}. Checkpoint ID ${id} is invalid and should be removed.`);
  }
  return checkpoint;
};

/** Below level 4.5 an increment is one of all its disks: each carries the flag and is in the checkpoint. */
const checkTracked = (engine: Engine, vm: Vm, disks: readonly Disk[], since: Checkpoint | undefined): void => {
  if (since === undefined || !asksForFlag(levelOf(engine.world, vm))) return;
  const names = (found: readonly Disk[]): string => found.map(({ alias }) => alias).join(", ");
  const off = disks.filter(({ backup }) => backup !== "incremental");
  if (off.length > 0)
    throw conflict(`${action}. Incremental backup is disabled for the following disks: ${names(off)}.`);
  const outside = disks.filter(({ id }) => !since.diskIds.includes(id));
  if (outside.length > 0)
    throw refused(`${action}. The following disks are not included in the previous VM backup: ${names(outside)}.`);
};

/** Disks that can be in a backup: attached to this VM, and not shareable; the engine drops the others without a word. */
const usableDisks = (engine: Engine, vm: Vm, diskIds: readonly string[]): readonly Disk[] =>
  [...new Set(diskIds)].flatMap((id) => {
    const disk = engine.world.disks.get(id);
    if (disk === undefined || disk.shareable) return [];
    if (!vm.attachments.some((one) => one.diskId === id))
      throw new EngineFault(500, "Operation Failed", "[Internal Engine Error]");
    return [disk];
  });

/** Checks the whole request; answers the disks with the mode that each is captured in. Throws the engine's faults. */
export const checkBackup = (
  engine: Engine,
  vm: Vm,
  request: BackupRequest,
  kind: CaptureKind,
): readonly BackupDisk[] => {
  if (request.diskIds.length === 0) throw incomplete("Backup [disks] required for add");
  checkRequest(engine, request);
  checkVm(engine, vm);
  checkLevel(engine, vm, request, kind);
  checkHost(engine, vm, kind);
  checkDisks(engine, vm, request.diskIds);
  // A live backup needs scratch disks, a hybrid one a snapshot.
  checkDomains(engine, request.diskIds, action, kind === "cold" ? "access" : "room");
  const since = checkpointOf(vm, request.fromCheckpointId);
  const usable = usableDisks(engine, vm, request.diskIds);
  checkTracked(engine, vm, usable, since);
  return usable.map((disk) => ({
    diskId: disk.id,
    imageId: disk.imageId,
    mode: disk.format === "cow" && since?.diskIds.includes(disk.id) === true ? "incremental" : "full",
  }));
};
