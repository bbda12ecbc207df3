import type { PointSummary } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { BasePoint } from "../capture/plan-disks.ts";
import { newestBase } from "../repositories/newest-base.ts";
import type { RepositoryConnection, VmKeyParts } from "../repositories/repository-connection.ts";

/** The newest point of a VM in a repository that can be built on (R3), as planning needs it; undefined for none. */
export const findBase = async (
  repository: RepositoryConnection,
  vm: VmKeyParts,
  signal: AbortSignal,
): Promise<BasePoint | undefined> => {
  const point = newestBase(await repository.listPoints({ vm }, signal));
  return point === undefined ? undefined : toBase(point);
};

const toBase = (point: PointSummary): BasePoint => ({
  pointId: point.pointId,
  capturedMs: Number(point.capturedMs),
  checkpointId: point.checkpointId === "" ? undefined : point.checkpointId,
  disks: point.disks
    .filter(({ mode }) => mode !== "skipped")
    .map(({ diskId, sizeBytes }) => ({ id: diskId, sizeBytes: Number(sizeBytes) })),
});
