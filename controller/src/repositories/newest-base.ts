import { PointHealth, type PointSummary } from "@holdfast/proto/holdfast/repository/v1/repository_pb";

/** True for a point without known damage that is not marked deleted (policy 2). */
export const isGoodPoint = (point: PointSummary): boolean =>
  point.health === PointHealth.GOOD && point.removedMs === 0n;

/**
 * The newest point that an increment may be built on (R3): a hurt one too, since what it lost is read again by that very increment
 * (policy 22). Undefined for none.
 */
export const newestBase = (points: readonly PointSummary[]): PointSummary | undefined =>
  newestOf(points.filter(({ removedMs }) => removedMs === 0n));

/** The newest good point; undefined for none. */
export const newestGood = (points: readonly PointSummary[]): PointSummary | undefined =>
  newestOf(points.filter(isGoodPoint));

const newestOf = (points: readonly PointSummary[]): PointSummary | undefined =>
  points.reduce<PointSummary | undefined>(
    (newest, point) => (newest === undefined || isNewer(point, newest) ? point : newest),
    undefined,
  );

const isNewer = (point: PointSummary, than: PointSummary): boolean =>
  point.capturedMs === than.capturedMs ? point.committedMs > than.committedMs : point.capturedMs > than.capturedMs;
