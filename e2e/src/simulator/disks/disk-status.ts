import { isBackupOpen } from "../model/backup.ts";
import type { Disk } from "../model/disk.ts";
import { isTransferOpen } from "../model/transfer.ts";
import type { World } from "../model/world.ts";

/** Status of a disk in the API. */
export type DiskStatus = "ok" | "locked" | "illegal";

const isHeldByBackup = (world: World, diskId: string): boolean =>
  [...world.backups.values()].some(
    (backup) =>
      isBackupOpen(backup) &&
      (backup.kind !== "hybrid" || backup.phase !== "ready") &&
      backup.disks.some((disk) => disk.diskId === diskId),
  );

const isHeldBySnapshot = (world: World, diskId: string): boolean =>
  [...world.vms.values()].some((vm) =>
    vm.snapshots.some(
      (snapshot) => snapshot.status === "locked" && snapshot.volumes.some((volume) => volume.diskId === diskId),
    ),
  );

/** The open transfer that reads or writes this disk, if there is one. */
export const isBeingTransferred = (world: World, diskId: string): boolean =>
  [...world.transfers.values()].some((transfer) => isTransferOpen(transfer) && transfer.source.diskId === diskId);

/** The status follows from what holds the disk at this moment, so it can never be left behind. */
export const diskStatus = (world: World, disk: Disk): DiskStatus => {
  if (disk.illegal) return "illegal";
  const held =
    disk.busy ||
    disk.held === true ||
    isBeingTransferred(world, disk.id) ||
    isHeldByBackup(world, disk.id) ||
    isHeldBySnapshot(world, disk.id);
  return held ? "locked" : "ok";
};

/** The disks, by alias, that are locked now: what conflict messages name. */
export const lockedAliases = (world: World, diskIds: readonly string[]): readonly string[] =>
  diskIds.flatMap((id) => {
    const disk = world.disks.get(id);
    return disk !== undefined && diskStatus(world, disk) === "locked" ? [disk.alias] : [];
  });
