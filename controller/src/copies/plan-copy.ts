import type { PointSummary } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { Origin } from "@holdfast/shared/format/manifest-schema";
import { isGoodPoint } from "../repositories/newest-base.ts";

/** Which points of the source to copy; what is left empty narrows nothing. */
export interface CopyFilter {
  readonly isOfVm: (point: PointSummary) => boolean;
  readonly isOfJob: (point: PointSummary) => boolean;
  /** Taken at that time or later. */
  readonly sinceMs: number;
  /** Of each VM the newest so many; 0 for all. */
  readonly latest: number;
}

/** What there is when a copy is asked for. */
export interface CopyGround {
  readonly sourceId: string;
  readonly targetId: string;
  readonly source: readonly PointSummary[];
  readonly target: readonly PointSummary[];
  /** Points of the source that a task copies to this target already. */
  readonly underWay: ReadonlySet<string>;
  /** Points of one session at most: the others are left for the next one. */
  readonly most: number;
}

/** What a session copies, oldest first, and what became of the other points that were asked for. */
export interface CopyPlan {
  readonly points: readonly PointSummary[];
  /** They are at the target, as copies or because they came from there. */
  readonly there: number;
  readonly underWay: number;
  /** With known damage: a copy of one could not be made. */
  readonly hurt: readonly PointSummary[];
  readonly left: number;
}

/** Where a point was first committed: the same for all copies of it. */
export const originOf = (point: PointSummary, repositoryId: string): Origin =>
  point.originPointId === ""
    ? { repositoryId, pointId: point.pointId }
    : { repositoryId: point.originRepositoryId, pointId: point.originPointId };

/** Sorts the points that are asked for into those to be copied and those that need not or cannot be. */
export const planCopy = (ground: CopyGround, filter: CopyFilter): CopyPlan => {
  const asked = newestOfEach(
    ground.source.filter((point) => isAsked(point, filter)),
    filter.latest,
  );
  // One that is hurt there is copied again: what it lost comes with the copy, and heals it.
  const known = new Set(ground.target.filter(isGoodPoint).map((point) => originText(point, ground.targetId)));
  const absent = asked.filter((point) => !known.has(originText(point, ground.sourceId)));
  const idle = absent.filter(({ pointId }) => !ground.underWay.has(pointId));
  const good = idle.filter(isGoodPoint).toSorted((one, other) => Number(one.capturedMs - other.capturedMs));
  return {
    points: good.slice(0, ground.most),
    there: asked.length - absent.length,
    underWay: absent.length - idle.length,
    hurt: idle.filter((point) => !isGoodPoint(point)),
    left: Math.max(0, good.length - ground.most),
  };
};

const isAsked = (point: PointSummary, { isOfVm, isOfJob, sinceMs }: CopyFilter): boolean =>
  point.removedMs === 0n && Number(point.capturedMs) >= sinceMs && isOfVm(point) && isOfJob(point);

const newestOfEach = (points: readonly PointSummary[], latest: number): readonly PointSummary[] => {
  if (latest === 0) return points;
  const byVm = Map.groupBy(points, ({ vm }) => `${vm?.engineInstanceId ?? ""}/${vm?.vmId ?? ""}`);
  return [...byVm.values()].flatMap((ofVm) =>
    ofVm.toSorted((one, other) => Number(other.capturedMs - one.capturedMs)).slice(0, latest),
  );
};

const originText = (point: PointSummary, repositoryId: string): string => {
  const origin = originOf(point, repositoryId);
  return `${origin.repositoryId}/${origin.pointId}`;
};
