import type { Statistics } from "@holdfast/shared/format/manifest-schema";
import type { DiskProgress } from "../claims/progress-board.ts";

/** A disk's account as it travels in heartbeats. */
export const toDiskProgress = (
  disk: { readonly diskId: string; readonly mode: string; readonly reason: string; readonly route: string },
  account: Statistics,
): DiskProgress => ({
  diskId: disk.diskId,
  mode: disk.mode,
  reason: disk.reason,
  route: disk.route,
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
