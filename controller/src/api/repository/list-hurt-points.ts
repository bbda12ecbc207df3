import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type HurtPointSchema,
  type HurtRangeSchema,
  type ListHurtPointsResponseSchema,
} from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import type { DamagedRange, PointSummary } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { RepositoryConnection } from "../../repositories/repository-connection.ts";

type HurtPoint = MessageInitShape<typeof HurtPointSchema>;

/** The hurt points of a repository, a message for each piece of its own list; a point with many ranges comes more than once. */
export async function* listHurtPoints(
  repository: RepositoryConnection,
  signal: AbortSignal,
): AsyncGenerator<MessageInitShape<typeof ListHurtPointsResponseSchema>> {
  let of: PointSummary | undefined;
  for await (const { point, damaged } of repository.listHurt(signal)) {
    of = point ?? of;
    if (of !== undefined) yield { points: [toHurtPoint(of, damaged)] };
  }
}

const toHurtPoint = (point: PointSummary, damaged: readonly DamagedRange[]): HurtPoint => ({
  pointId: point.pointId,
  vmId: point.vm?.vmId ?? "",
  vmName: point.vmName,
  capturedMs: point.capturedMs,
  removed: point.removedMs !== 0n,
  ranges: damaged.map((one) => toHurtRange(point, one)),
});

const toHurtRange = (
  { disks }: PointSummary,
  { range, code }: DamagedRange,
): MessageInitShape<typeof HurtRangeSchema> => {
  const { diskId = "", firstPosition: firstChunk = 0, count: chunks = 0 } = range ?? {};
  return { diskId, alias: disks.find((disk) => disk.diskId === diskId)?.alias ?? "", firstChunk, chunks, code };
};
