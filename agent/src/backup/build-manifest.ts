import type { BackupDisk, BackupOrders } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { ChunkSize } from "@holdfast/shared/format/chunk-size";
import { toHex } from "@holdfast/shared/format/content-id";
import type { Manifest } from "@holdfast/shared/format/manifest";
import type { ClearDisk, DiskMode, Statistics } from "@holdfast/shared/format/manifest-schema";
import { parseRepositoryId } from "@holdfast/shared/format/repository-id";
import type { AttemptKey } from "./backup-task.ts";
import { missedReason } from "@holdfast/shared/format/found-reasons";

/** What became of one disk. */
export interface DiskOutcome {
  readonly disk: BackupDisk;
  readonly sizeBytes: number;
  readonly root: Uint8Array;
  readonly mode: DiskMode;
  readonly reason: string;
}

/** What a manifest is put together from. */
export interface ManifestParts {
  readonly attempt: AttemptKey;
  readonly orders: BackupOrders;
  readonly chunkSize: ChunkSize;
  /** The base that the upload really has; undefined for none. */
  readonly basePointId: string | undefined;
  readonly disks: readonly DiskOutcome[];
  readonly account: Statistics;
}

/** States the restore point: what the controller knows of it and what was found. */
export const buildManifest = ({ attempt, orders, chunkSize, basePointId, disks, account }: ManifestParts): Manifest => {
  const { repository, vm, context } = orders;
  if (repository === undefined || vm === undefined || context === undefined) {
    throw new HoldfastError("INVALID_ARGUMENT", `the orders of attempt ${attempt.attemptId} are not whole`);
  }
  return {
    repositoryId: parseRepositoryId(repository.repositoryId),
    clear: {
      schema: 1,
      attempt: { ...attempt },
      vm: { engineInstanceId: vm.engineInstanceId, vmId: vm.vmId },
      installationId: context.installationId,
      jobId: context.jobId,
      sessionId: context.sessionId,
      basePointId: basePointId ?? null,
      origin: null,
      chunkSize,
      sessionStartedMs: Number(context.sessionStartedMs),
      capturedMs: Number(context.capturedMs),
      calendarDay: context.calendarDay,
      checkpointId: context.checkpointId === "" || disks.some(missedChanges) ? null : context.checkpointId,
      capture: context.capture,
      consistency: context.consistency,
      disks: disks.map(toClearDisk),
      statistics: { ...account },
    },
    sealed: {
      schema: 1,
      vmName: vm.name,
      jobName: context.jobName,
      managerName: context.managerName,
      clusterName: context.clusterName,
      diskAliases: Object.fromEntries(disks.map(({ disk }) => [disk.diskId, disk.alias])),
      ovf: context.ovf,
      configurationJson: context.configurationJson,
    },
  };
};

/** Of a VM whose tracking missed changes no checkpoint is relied on: the next backup compares. */
const missedChanges = ({ reason }: DiskOutcome): boolean => reason === missedReason;

const toClearDisk = ({ disk, sizeBytes, root, mode, reason }: DiskOutcome): ClearDisk => ({
  diskId: disk.diskId,
  sizeBytes,
  root: toHex(root),
  mode,
  reason,
  format: disk.format,
  interface: disk.interface,
  bootable: disk.bootable,
  active: disk.active,
  granularityBytes: null,
});
