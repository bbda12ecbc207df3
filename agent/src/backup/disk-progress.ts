import type { DiskProgress } from "../claims/progress-board.ts";
import type { ByteAccount } from "./disk-tally.ts";

/** A disk's account as it travels in heartbeats. */
export const toDiskProgress = (
  disk: { readonly diskId: string; readonly mode: string; readonly route: string },
  account: ByteAccount,
): DiskProgress => ({
  diskId: disk.diskId,
  mode: disk.mode,
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
