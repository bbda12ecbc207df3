import type { AttemptProgress as ProgressMessage, DiskProgress } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { DiskTotals } from "../sessions/disk-totals.ts";
import type { AttemptProgress } from "../sessions/progress-board.ts";

/** Progress of an attempt from the wire; INVALID_ARGUMENT for counts that no disk can have. */
export const toProgress = (message: ProgressMessage): AttemptProgress => ({
  phase: message.phase,
  disks: message.disks.map(toTotals),
});

const toTotals = (disk: DiskProgress): DiskTotals => ({
  diskId: disk.diskId,
  mode: disk.mode,
  reason: disk.reason,
  route: disk.route,
  routeReason: disk.routeReason.slice(0, 2_000),
  bytes: {
    planned: toCount(disk.plannedBytes),
    zero: toCount(disk.zeroBytes),
    unchanged: toCount(disk.unchangedBytes),
    deduplicated: toCount(disk.deduplicatedBytes),
    stored: toCount(disk.storedBytes),
    changed: toCount(disk.changedBytes),
    read: toCount(disk.readBytes),
    sampled: toCount(disk.sampledBytes),
    packed: toCount(disk.packedBytes),
    written: toCount(disk.writtenBytes),
  },
});

const toCount = (count: bigint): number => {
  const number = Number(count);
  if (number >= 0 && Number.isSafeInteger(number)) return number;
  throw new HoldfastError("INVALID_ARGUMENT", `not a count of bytes: ${count}`);
};
