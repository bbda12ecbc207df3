import type { Clock } from "@holdfast/shared/clock/clock";
import type { PointSummary } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { Job } from "../jobs/job.ts";
import { isGoodPoint } from "../repositories/newest-base.ts";
import type { RepositoryConnection, VmKeyParts } from "../repositories/repository-connection.ts";
import type { Remark } from "../sessions/remark.ts";
import { calendarDayOf } from "./calendar-day.ts";
import { type RetainedPoint, outdatedPoints } from "./retain.ts";

/** What retention acts on: one job's points of one VM in one repository. */
export interface RetentionCase {
  readonly job: Job;
  readonly vm: VmKeyParts;
  readonly repository: RepositoryConnection;
  readonly floor: number;
  /** Points that are being copied: they go with a later run (policy 30). */
  readonly spared: ReadonlySet<string>;
}

/** A point as retention sees it; one that does not say its day gets the day of its session in the job's zone. */
export const toRetained = (point: PointSummary, timeZone: string): RetainedPoint => ({
  pointId: point.pointId,
  isGood: isGoodPoint(point),
  jobId: point.jobId,
  calendarDay: point.calendarDay === "" ? calendarDayOf(Number(point.sessionStartedMs), timeZone) : point.calendarDay,
  capturedMs: Number(point.capturedMs),
});

/** Removes what the job no longer keeps. What cannot be removed is a warning, and is tried again by the next run. */
export const applyRetention = async (
  deps: { readonly clock: Clock; readonly log: Logger },
  { job, vm, repository, floor, spared }: RetentionCase,
  signal: AbortSignal,
): Promise<readonly Remark[]> => {
  try {
    const points = (await repository.listPoints({ vm }, signal)).map((point) => toRetained(point, job.timeZone));
    const today = calendarDayOf(deps.clock.nowMs(), job.timeZone);
    const outdated = outdatedPoints(points, { jobId: job.jobId, keepDays: job.keepDays, floor }, today);
    for (const { pointId, calendarDay } of outdated) {
      if (spared.has(pointId)) continue;
      const reason = `job ${job.name} keeps ${job.keepDays} days, the point is of ${calendarDay}`;
      if (!(await removeOne(repository, { pointId, reason }, signal))) continue;
      deps.log.info("point removed by retention", {
        point: pointId,
        job: job.jobId,
        repository: repository.name,
        calendarDay,
      });
    }
    return [];
  } catch (caught) {
    signal.throwIfAborted();
    const { code, message } = HoldfastError.from(caught);
    if (code === "INTERNAL") deps.log.error("retention failed", { job: job.jobId, vm: vm.vmId, err: caught });
    return [
      { level: "warning", code: "RETENTION_FAILED", message: `outdated points stay for now: ${message}`, diskId: "" },
    ];
  }
};

/** The repository keeps its own floor, immutability and protection; what it refuses stays, and is false. */
const removeOne = async (
  repository: RepositoryConnection,
  request: { readonly pointId: string; readonly reason: string },
  signal: AbortSignal,
): Promise<boolean> => {
  try {
    await repository.removePoint({ ...request, belowFloor: false }, signal);
    return true;
  } catch (caught) {
    if (!hasCode(caught, "BELOW_FLOOR", "POINT_IMMUTABLE", "POINT_PROTECTED", "POINT_NOT_FOUND")) throw caught;
    return false;
  }
};
