import type { StorageDomain } from "../model/inventory.ts";
import type { World } from "../model/world.ts";

const defaultCriticalBytes = 5 * 2 ** 30;

/** What of a storage domain is taken, in bytes. */
export interface DomainSpace {
  /** By the model's disks, with the volumes of their snapshots, and by what the lab filled it with. */
  readonly usedBytes: number;
  readonly availableBytes: number;
  /** What its disks would take if they were full. */
  readonly committedBytes: number;
}

/** The space of a domain as it was when its disks were last looked at. */
export const spaceOf = (world: World, domain: StorageDomain): DomainSpace => {
  const disks = [...world.disks.values()].filter((disk) => disk.storageDomainId === domain.id);
  const own = disks.reduce((sum, disk) => sum + disk.totalBytes, 0);
  const usedBytes = own + (domain.foreignBytes ?? 0);
  return {
    usedBytes,
    availableBytes: Math.max(0, domain.sizeBytes - usedBytes),
    committedBytes: disks.reduce((sum, disk) => sum + disk.sizeBytes, 0),
  };
};

/** Below this many available bytes the engine makes nothing new on the domain: 5 GiB, less on a small one. */
export const criticalBytesOf = (domain: StorageDomain): number =>
  domain.criticalBytes ?? Math.min(defaultCriticalBytes, Math.floor(domain.sizeBytes / 20));
