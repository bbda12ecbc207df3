import { diskStatus, isBeingTransferred } from "../disks/disk-status.ts";
import { ownerOfSnapshotVolume, vmsWithDisk } from "../disks/owners.ts";
import { checkDomains } from "../domains/domain-rules.ts";
import type { Engine } from "../engine/engine.ts";
import { conflict, incomplete, refused } from "../engine/engine-fault.ts";
import type { Disk, DiskFormat } from "../model/disk.ts";
import type { TimeoutPolicy, TransferSource } from "../model/transfer.ts";

/** What a client asks for; exactly one of `diskId` and `imageId` (a snapshot's volume). */
export interface TransferRequest {
  readonly diskId?: string | undefined;
  readonly imageId?: string | undefined;
  readonly backupId?: string | undefined;
  readonly hostId?: string | undefined;
  readonly direction: "upload" | "download";
  readonly format?: DiskFormat | undefined;
  readonly shallow: boolean;
  readonly inactivityTimeoutS: number;
  readonly timeoutPolicy: TimeoutPolicy;
}

const action = "Cannot transfer Virtual Disk";

const diskOf = (engine: Engine, id: string): Disk => {
  const disk = engine.world.disks.get(id);
  if (disk === undefined) throw refused(`${action}. The specified disk does not exist.`);
  return disk;
};

const checkFree = (engine: Engine, disk: Disk): void => {
  checkDomains(engine, [disk.id], action, "access");
  if (isBeingTransferred(engine.world, disk.id)) throw conflict(`${action}. Disk ${disk.alias} is being transferred.`);
};

const checkUnlocked = (engine: Engine, disk: Disk): void => {
  if (diskStatus(engine.world, disk) !== "locked") return;
  throw conflict(`${action}. The following disks are locked: ${disk.alias}. Please try again in a few minutes.`);
};

const backupSource = (engine: Engine, request: TransferRequest, backupId: string, disk: Disk): TransferSource => {
  const backup = engine.world.backups.get(backupId);
  if (backup === undefined) throw refused(`${action}. The specified VM backup does not exist.`);
  if (backup.phase !== "ready") {
    throw conflict(`${action}. VM backup is not in READY phase, backup phase is ${backup.phase.toUpperCase()}.`);
  }
  if (request.format === "cow") throw refused(`${action}. The specified format is not applicable for VM backup.`);
  if (request.direction !== "download") throw refused(`${action}. Upload is not applicable for VM backup.`);
  if (!backup.disks.some(({ diskId }) => diskId === disk.id)) {
    throw refused(`${action}. The specified disk is not part of the VM backup.`);
  }
  return { kind: "backup", diskId: disk.id, backupId };
};

const diskSource = (engine: Engine, disk: Disk): TransferSource => {
  checkUnlocked(engine, disk);
  const running = vmsWithDisk(engine.world, disk.id).filter(
    (vm) => vm.status !== "down" && vm.attachments.some((one) => one.diskId === disk.id && one.active),
  );
  if (running.length > 0) {
    const names = running.map((vm) => vm.name).join(", ");
    throw conflict(`${action}. The disk ${disk.alias} is plugged to non-Down VMs: ${names}`);
  }
  return { kind: "disk", diskId: disk.id };
};

const snapshotSource = (engine: Engine, request: TransferRequest, imageId: string): TransferSource => {
  const owner = ownerOfSnapshotVolume(engine.world, imageId);
  if (owner === undefined) throw refused(`${action}. The specified disk snapshot does not exist.`);
  if (request.direction === "upload") throw refused(`${action}. Upload to a snapshot of a VM is not supported.`);
  const disk = diskOf(engine, owner.diskId);
  checkFree(engine, disk);
  checkUnlocked(engine, disk);
  return { kind: "snapshot", diskId: owner.diskId, imageId };
};

/** Checks the request against the state of its disk; answers what is to be read or written. */
export const checkTransfer = (engine: Engine, request: TransferRequest): TransferSource => {
  if (request.imageId !== undefined) return snapshotSource(engine, request, request.imageId);
  if (request.diskId === undefined) throw incomplete("ImageTransfer [disk|snapshot.id] required for add");
  const disk = diskOf(engine, request.diskId);
  checkFree(engine, disk);
  return request.backupId === undefined
    ? diskSource(engine, disk)
    : backupSource(engine, request, request.backupId, disk);
};
