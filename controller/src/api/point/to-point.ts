import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PointSchema } from "@holdfast/proto/holdfast/controller/v1/point_pb";
import { PointHealth, type PointSummary } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { Manifest } from "@holdfast/shared/format/manifest";
import { shownConfiguration, shownOvf } from "../../hypervisor/shown-configuration.ts";
import type { RepositoryConnection } from "../../repositories/repository-connection.ts";
import { fromStatistics } from "../to-common.ts";

type Point = MessageInitShape<typeof PointSchema>;

/** A point as operators see it in lists. */
export const toPoint = (
  point: PointSummary,
  repository: RepositoryConnection,
  keptBecause: readonly string[],
): Point => ({
  ...pointParts(point, repository),
  keptBecause: [...keptBecause],
});

const pointParts = (point: PointSummary, repository: RepositoryConnection) => ({
  pointId: point.pointId,
  repositoryId: repository.repositoryId,
  repositoryName: repository.name,
  repositoryAddress: repository.address,
  vmId: point.vm?.vmId ?? "",
  vmName: point.vmName,
  jobName: point.jobName,
  sessionId: point.sessionId,
  capturedMs: point.capturedMs,
  committedMs: point.committedMs,
  health: healthOf(point),
  basePointId: point.basePointId,
  originRepositoryId: point.originRepositoryId,
  originPointId: point.originPointId,
  disks: point.disks.map(({ diskId, alias, sizeBytes, mode, reason }) => ({ diskId, alias, sizeBytes, mode, reason })),
  bytes: fromStatistics(point.statistics),
  immutableUntilMs: point.immutableUntilMs,
  protectedMs: point.protectedMs,
  protectedReason: point.protectedReason,
  removedMs: point.removedMs,
  removedReason: point.removedReason,
  undeleteUntilMs: point.undeleteUntilMs,
});

/** A point with what only its manifest says. */
export const toWholePoint = (
  point: PointSummary,
  repository: RepositoryConnection,
  { clear, sealed }: Manifest,
): Point => ({
  ...pointParts(point, repository),
  capture: clear.capture,
  consistency: clear.consistency,
  ovf: shownOvf(sealed.ovf),
  configurationJson: shownConfiguration(sealed.configurationJson),
  managerName: sealed.managerName,
  clusterName: sealed.clusterName,
});

const healthOf = (point: PointSummary): string => {
  if (point.isGone) return "gone";
  if (point.removedMs !== 0n) return "removed";
  return point.health === PointHealth.GOOD ? "good" : "hurt";
};
