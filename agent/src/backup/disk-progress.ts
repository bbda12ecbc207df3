import type { Statistics } from "@holdfast/shared/format/manifest-schema";
import type { DiskProgress } from "../claims/progress-board.ts";

/** What is told of a disk beside its account. */
export interface ToldDisk {
  readonly diskId: string;
  readonly mode: string;
  readonly reason: string;
  readonly route: string;
  /** Why better routes were passed over. */
  readonly routeReason: string;
}

/** A disk's account as it travels in heartbeats. */
export const toDiskProgress = (disk: ToldDisk, account: Statistics): DiskProgress => ({
  diskId: disk.diskId,
  mode: disk.mode,
  reason: disk.reason,
  route: disk.route,
  routeReason: disk.routeReason,
  plannedBytes: BigInt(account.plannedBytes),
  zeroBytes: BigInt(account.zeroBytes),
  unchangedBytes: BigInt(account.unchangedBytes),
  deduplicatedBytes: BigInt(account.deduplicatedBytes),
  storedBytes: BigInt(account.storedBytes),
  readBytes: BigInt(account.readBytes),
  changedBytes: BigInt(account.changedBytes),
  sampledBytes: BigInt(account.sampledBytes),
  packedBytes: BigInt(account.packedBytes),
});
