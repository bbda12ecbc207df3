import type { GetPointResponse, PointSummary } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { decodeStoredManifest, largestManifestBytes } from "@holdfast/shared/format/manifest";
import type { PointWithManifest } from "./repository-connection.ts";

/**
 * Puts together what a repository answers of one point. REPOSITORY_DAMAGED when it is another point: its manifest would be sound, and a
 * restore of it the wrong machine.
 */
export const collectPoint = async (
  pointId: string,
  parts: AsyncIterable<Pick<GetPointResponse, "part">>,
): Promise<PointWithManifest> => {
  let summary: PointSummary | undefined;
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const { part } of parts) {
    if (part.case === "point") summary = part.value;
    if (part.case !== "manifestPiece") continue;
    bytes += part.value.length;
    if (bytes > largestManifestBytes)
      throw new HoldfastError(
        "MESSAGE_TOO_LARGE",
        `the manifest of point ${pointId} is over ${largestManifestBytes} bytes`,
      );
    pieces.push(part.value);
  }
  if (summary === undefined)
    throw new HoldfastError("POINT_NOT_FOUND", `no point ${pointId}`, { details: { point: pointId } });
  const manifest = Buffer.concat(pieces);
  const { taskId } = decodeStoredManifest(manifest).clear.attempt;
  if (summary.pointId === pointId && taskId === pointId) return { summary, manifest };
  throw new HoldfastError("REPOSITORY_DAMAGED", `asked for point ${pointId}, the repository gave point ${taskId}`, {
    details: { point: pointId },
  });
};
