import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type BaseDiskSchema,
  type DiskRangeSchema,
  PointHealth,
  type PointStatisticsSchema,
  type PointSummarySchema,
} from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { Statistics } from "@holdfast/shared/format/manifest-schema";
import { type CatalogPoint, isGood } from "./catalog-point.ts";
import type { DiskRange } from "./disk-range.ts";

/** A point as calls tell it. */
export const toPointSummary = (point: CatalogPoint): MessageInitShape<typeof PointSummarySchema> => ({
  pointId: point.pointId,
  vm: point.vm,
  vmName: point.vmName,
  jobId: point.jobId,
  jobName: point.jobName,
  sessionId: point.sessionId,
  installationId: point.installationId,
  attemptNumber: point.attempt.number,
  attemptId: point.attempt.attemptId,
  sessionStartedMs: BigInt(point.sessionStartedMs),
  capturedMs: BigInt(point.capturedMs),
  committedMs: BigInt(point.committedMs),
  calendarDay: point.calendarDay,
  basePointId: point.basePointId ?? "",
  originRepositoryId: point.origin?.repositoryId ?? "",
  originPointId: point.origin?.pointId ?? "",
  checkpointId: point.checkpointId ?? "",
  health: isGood(point) ? PointHealth.GOOD : PointHealth.HURT,
  disks: point.disks.map(({ diskId, alias, sizeBytes, mode, reason }) => ({
    diskId,
    alias,
    sizeBytes: BigInt(sizeBytes),
    mode,
    reason,
  })),
  statistics: toStatistics(point.statistics),
  ...toDecided(point),
});

/** What was decided about the point since its commit. */
const toDecided = ({ marked, immutableUntilMs = 0 }: CatalogPoint) => ({
  removedMs: BigInt(marked.removed?.atMs ?? 0),
  removedReason: marked.removed?.reason ?? "",
  immutableUntilMs: BigInt(immutableUntilMs),
  protectedMs: BigInt(marked.protected?.atMs ?? 0),
  protectedReason: marked.protected?.reason ?? "",
});

const toStatistics = (statistics: Statistics): MessageInitShape<typeof PointStatisticsSchema> => ({
  plannedBytes: BigInt(statistics.plannedBytes),
  zeroBytes: BigInt(statistics.zeroBytes),
  unchangedBytes: BigInt(statistics.unchangedBytes),
  deduplicatedBytes: BigInt(statistics.deduplicatedBytes),
  storedBytes: BigInt(statistics.storedBytes),
  changedBytes: BigInt(statistics.changedBytes),
  readBytes: BigInt(statistics.readBytes),
  sampledBytes: BigInt(statistics.sampledBytes),
  packedBytes: BigInt(statistics.packedBytes),
});

/** The disks of a point that have content, with their roots. */
export const toBaseDisks = (point: CatalogPoint | undefined): MessageInitShape<typeof BaseDiskSchema>[] =>
  (point?.disks ?? []).flatMap(({ diskId, sizeBytes, tree }) =>
    tree ? [{ diskId, sizeBytes: BigInt(sizeBytes), root: tree.root }] : [],
  );

/** A range as calls tell it. */
export const toRangeMessage = ({
  diskId,
  firstPosition,
  count,
}: DiskRange): MessageInitShape<typeof DiskRangeSchema> => ({ diskId, firstPosition, count });
