import { daysBetween } from "./calendar-day.ts";

/** A point as retention sees it. */
export interface RetainedPoint {
  readonly pointId: string;
  /** Points with known damage count for nothing (policy 3). */
  readonly isGood: boolean;
  readonly jobId: string;
  /** The day of its session in its job's zone (policy 4). */
  readonly calendarDay: string;
  readonly capturedMs: number;
}

/** What one job wants kept. */
export interface RetentionPolicy {
  readonly jobId: string;
  /** Calendar days, at least 1. */
  readonly keepDays: number;
  /** The newest good points of a VM that no retention removes (policy 6). */
  readonly floor: number;
}

/** What becomes of one point, with every reason to keep it; none means that it goes. */
export interface Verdict {
  readonly point: RetainedPoint;
  readonly keptBecause: readonly string[];
}

/**
 * Judges all points of one VM in one repository for one job, whose today is `today`. Points of other jobs are never its to
 * remove (policy 7), yet count for the floor.
 */
export const judgePoints = (
  points: readonly RetainedPoint[],
  policy: RetentionPolicy,
  today: string,
): readonly Verdict[] => {
  const floored = newestGood(points, policy.floor);
  return points.map((point) => ({
    point,
    keptBecause: reasonsOf({ point, policy, today, isFloored: floored.has(point.pointId) }),
  }));
};

/** The points that this job's retention removes now, oldest first. */
export const outdatedPoints = (
  points: readonly RetainedPoint[],
  policy: RetentionPolicy,
  today: string,
): readonly RetainedPoint[] =>
  judgePoints(points, policy, today)
    .filter(({ keptBecause }) => keptBecause.length === 0)
    .map(({ point }) => point)
    .sort((left, right) => left.capturedMs - right.capturedMs);

const newestGood = (points: readonly RetainedPoint[], floor: number): ReadonlySet<string> =>
  new Set(
    points
      .filter(({ isGood }) => isGood)
      .sort((left, right) => right.capturedMs - left.capturedMs || right.pointId.localeCompare(left.pointId))
      .slice(0, floor)
      .map(({ pointId }) => pointId),
  );

const reasonsOf = (asked: {
  readonly point: RetainedPoint;
  readonly policy: RetentionPolicy;
  readonly today: string;
  readonly isFloored: boolean;
}): readonly string[] => {
  const { point, policy } = asked;
  const reasons: string[] = [];
  if (point.jobId !== policy.jobId) reasons.push("it belongs to another job or to none");
  else if (daysBetween(point.calendarDay, asked.today) <= policy.keepDays)
    reasons.push(`its day is within ${policy.keepDays} days`);
  if (asked.isFloored) reasons.push(`it is one of the ${policy.floor} newest good points of the VM`);
  return reasons;
};
