import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type ListPointsRequest,
  type ListPointsResponseSchema,
  PointSchema,
} from "@holdfast/proto/holdfast/controller/v1/point_pb";
import type { PointSummary } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { toIso } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { listJobs } from "../../database/jobs-table.ts";
import type { Job } from "../../jobs/job.ts";
import type { RepositoryConnection } from "../../repositories/repository-connection.ts";
import { toRetained } from "../../retention/apply-retention.ts";
import { calendarDayOf } from "../../retention/calendar-day.ts";
import { judgePoints } from "../../retention/retain.ts";
import type { Remark } from "../../sessions/remark.ts";
import type { ApiDeps } from "../api-deps.ts";
import { inBatches } from "../in-batches.ts";
import { toRemark } from "../to-common.ts";
import { type PointFilter, pointFilter } from "./point-filter.ts";
import { toPoint } from "./to-point.ts";

/** Points of all repositories that answer, oldest first, in batches; those that do not are named in the last one. */
export async function* listPoints(
  deps: ApiDeps,
  request: ListPointsRequest,
  signal: AbortSignal,
): AsyncGenerator<MessageInitShape<typeof ListPointsResponseSchema>> {
  const { points, remarks } = await readPoints(deps, request, signal);
  for await (const batch of inBatches(PointSchema, points)) yield { points: batch };
  if (remarks.length > 0) yield { remarks: remarks.map(toRemark) };
}

interface FoundPoints {
  readonly points: readonly MessageInitShape<typeof PointSchema>[];
  readonly remarks: readonly Remark[];
}

const readPoints = async (deps: ApiDeps, request: ListPointsRequest, signal: AbortSignal): Promise<FoundPoints> => {
  const repositories =
    request.repository === "" ? deps.repositories.list() : [deps.repositories.get(request.repository)];
  const isWanted = await pointFilter(deps, request, signal);
  const remarks: Remark[] = [];
  const lists = await Promise.all(
    repositories.map(async (repository) => {
      try {
        return await pointsOf(deps, repository, { isWanted, includeRemoved: request.includeRemoved, signal });
      } catch (caught) {
        signal.throwIfAborted();
        const { code, message } = HoldfastError.from(caught);
        if (code === "INTERNAL") throw caught;
        remarks.push({ level: "warning", code, message, diskId: "" });
        return [];
      }
    }),
  );
  const points = lists.flat().sort((left, right) => Number((left.capturedMs ?? 0n) - (right.capturedMs ?? 0n)));
  return { points, remarks };
};

interface Wanted {
  readonly isWanted: PointFilter;
  readonly includeRemoved: boolean;
  readonly signal: AbortSignal;
}

const pointsOf = async (
  deps: ApiDeps,
  repository: RepositoryConnection,
  { isWanted, includeRemoved, signal }: Wanted,
): Promise<MessageInitShape<typeof PointSchema>[]> => {
  const listed = await repository.listPoints({ includeRemoved }, signal);
  const points = await deps.repositories.names.fill(repository, listed, signal);
  const jobs = await listJobs(deps.database.queries);
  const byVm = Map.groupBy(points, ({ vm }) => `${vm?.engineInstanceId ?? ""}/${vm?.vmId ?? ""}`);
  return points.filter(isWanted).map((point) => ({
    ...toPoint(
      point,
      repository,
      keptBecause(deps, {
        point,
        siblings: byVm.get(`${point.vm?.engineInstanceId ?? ""}/${point.vm?.vmId ?? ""}`) ?? [],
        jobs: jobs.filter(({ repositoryId }) => repositoryId === repository.repositoryId),
      }),
    ),
    originRepositoryName: deps.repositories.find(point.originRepositoryId)?.name ?? "",
    jobIsGone: point.jobId !== "" && !jobs.some(({ jobId }) => jobId === point.jobId),
  }));
};

/** Why the point stays: what its repository says, then what its own job says. A removed one has no reason. */
const keptBecause = (deps: ApiDeps, { point, siblings, jobs }: PointCase): readonly string[] => {
  if (point.removedMs !== 0n) return [];
  return [...keptByRepository(deps, point), ...keptByJob(deps, { point, siblings, jobs })];
};

const keptByRepository = ({ clock }: ApiDeps, { immutableUntilMs, protectedMs }: PointSummary): readonly string[] => [
  ...(Number(immutableUntilMs) > clock.nowMs() ? [`it is immutable until ${toIso(Number(immutableUntilMs))}`] : []),
  ...(protectedMs === 0n ? [] : ["it is protected"]),
];

interface PointCase {
  readonly point: PointSummary;
  readonly siblings: readonly PointSummary[];
  /** Those that write to its repository. */
  readonly jobs: readonly Job[];
}

/** Why the point's own job keeps it; a point of no job of this repository, such as a copy, is kept until it is removed by hand. */
const keptByJob = (deps: ApiDeps, { point, siblings, jobs }: PointCase): readonly string[] => {
  const job = jobs.find(({ jobId }) => jobId === point.jobId);
  if (job === undefined) return ["no job counts it here: it goes only by hand"];
  const policy = { jobId: job.jobId, keepDays: job.keepDays, floor: deps.settings.retentionFloor };
  const today = calendarDayOf(deps.clock.nowMs(), job.timeZone);
  const verdicts = judgePoints(
    siblings.filter(({ removedMs }) => removedMs === 0n).map((one) => toRetained(one, job.timeZone)),
    policy,
    today,
  );
  return verdicts.find((verdict) => verdict.point.pointId === point.pointId)?.keptBecause ?? [];
};
