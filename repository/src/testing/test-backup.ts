import type { DiskRange } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { toHex, equalBytes, idAt, idCount, isZeroId } from "@holdfast/shared/format/content-id";
import type { ClearPart, Origin, Statistics } from "@holdfast/shared/format/manifest-schema";
import type { SyntheticDisk } from "./synthetic-disk.ts";
import { testChunkSize } from "./test-server.ts";

/** What a test writes. */
export interface TestBackup {
  readonly taskId: string;
  readonly number?: number;
  readonly attemptId?: string;
  readonly base?: string;
  /** Set for a copy. */
  readonly origin?: Origin;
  readonly disks: readonly SyntheticDisk[];
  readonly vmId?: string;
  readonly capturedMs?: number;
}

/** The attempt of a backup. */
export const attemptOf = ({ taskId, number = 1, attemptId = `try${number}` }: TestBackup) => ({
  taskId,
  number,
  attemptId,
});

/** The VM of a backup. */
export const vmOf = ({ vmId = "vm" }: TestBackup) => ({ engineInstanceId: "engine", vmId });

/** A disk that was sent. */
export interface Counted {
  readonly ids: Uint8Array;
  readonly baseIds: Uint8Array;
  readonly diskId: string;
  readonly heal: readonly DiskRange[];
  readonly stored: number;
}

/** Counts as C6 says, in a way of its own. */
export const count = (statistics: Statistics, { ids, baseIds, diskId, heal, stored }: Counted): void => {
  const toHeal = (position: number): boolean =>
    heal.some(
      (range) =>
        range.diskId === diskId && position >= range.firstPosition && position < range.firstPosition + range.count,
    );
  let fresh = 0;
  for (let position = 0; position < idCount(ids); position += 1) {
    statistics.plannedBytes += testChunkSize;
    const id = idAt(ids, position);
    if (isZeroId(id)) statistics.zeroBytes += testChunkSize;
    else if (equalBytes(id, idAt(baseIds, position)) && !toHeal(position)) statistics.unchangedBytes += testChunkSize;
    else fresh += 1;
  }
  statistics.storedBytes += stored * testChunkSize;
  statistics.deduplicatedBytes += (fresh - stored) * testChunkSize;
};

/** A disk as manifests of tests state it. */
export const diskOf = ({ diskId, sizeBytes }: SyntheticDisk, root: Uint8Array): ClearPart["disks"][number] => ({
  diskId,
  sizeBytes,
  root: toHex(root),
  mode: "full",
  reason: "no-base",
  format: "cow",
  interface: "virtio_scsi",
  bootable: true,
  active: true,
  granularityBytes: null,
});

/** What its manifest says in clear, beside disks and statistics. */
export const clearOf = (backup: TestBackup): Omit<ClearPart, "disks" | "statistics"> => ({
  schema: 1,
  attempt: attemptOf(backup),
  vm: vmOf(backup),
  installationId: "",
  jobId: "job",
  sessionId: "session",
  basePointId: backup.base ?? null,
  origin: backup.origin ?? null,
  chunkSize: testChunkSize,
  sessionStartedMs: 1,
  capturedMs: backup.capturedMs ?? 2,
  calendarDay: "2026-01-31",
  checkpointId: null,
  capture: "hybrid",
  consistency: "crash",
});

/** What its manifest says to who holds the key. */
export const sealedOf = ({ vmId = "vm" }: TestBackup) => ({
  schema: 1 as const,
  vmName: vmId,
  jobName: "job",
  managerName: "manager",
  clusterName: "cluster",
  diskAliases: {},
  ovf: "<ovf/>",
  configurationJson: "{}",
});
