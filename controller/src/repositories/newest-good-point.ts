import { PointHealth, type PointSummary } from "@holdfast/proto/holdfast/repository/v1/repository_pb";

/** True for a point without known damage that is not marked deleted (policy 2). */
export const isGoodPoint = (point: PointSummary): boolean =>
  point.health === PointHealth.GOOD && point.removedMs === 0n;

/** The newest good point, whichever job made it (R3); undefined for none. */
export const newestGoodPoint = (points: readonly PointSummary[]): PointSummary | undefined =>
  points
    .filter(isGoodPoint)
    .reduce<PointSummary | undefined>(
      (newest, point) => (newest === undefined || isNewer(point, newest) ? point : newest),
      undefined,
    );

const isNewer = (point: PointSummary, than: PointSummary): boolean =>
  point.capturedMs === than.capturedMs ? point.committedMs > than.committedMs : point.capturedMs > than.capturedMs;
