import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CopyPointsRequest, CopyPointsResponseSchema } from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import type { PointSummary } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { parseCompression } from "@holdfast/shared/format/codec";
import { startCopy } from "../../copies/start-copy.ts";
import { findSession } from "../../database/sessions-table.ts";
import { listTasksOfSession } from "../../database/tasks-table.ts";
import { requestedSessionId } from "../../sessions/start-session.ts";
import type { ApiDeps } from "../api-deps.ts";
import { pointFilter } from "../point/point-filter.ts";

type Answer = MessageInitShape<typeof CopyPointsResponseSchema>;

/** Starts a session that copies points, or finds the one that the same words started before. */
export const copyPoints = async (deps: ApiDeps, request: CopyPointsRequest, signal: AbortSignal): Promise<Answer> => {
  const { queries } = deps.database;
  const [source, target] = [deps.repositories.get(request.source), deps.repositories.get(request.target)];
  const what = `${source.repositoryId}/${target.repositoryId}`;
  const sessionId = requestedSessionId("repository-copy", what, request.requestId, deps.random);
  if ((await findSession(queries, sessionId)) !== undefined)
    return { sessionId, points: (await listTasksOfSession(queries, sessionId)).length };
  if (request.sinceMs < 0n) throw new HoldfastError("INVALID_ARGUMENT", "a time before 1970 is none");
  const filter = {
    isOfVm: await anyOf(request.vms, (vm) => pointFilter(deps, { vm, job: "" }, signal)),
    isOfJob: await anyOf(request.jobs, (job) => pointFilter(deps, { vm: "", job }, signal)),
    sinceMs: Number(request.sinceMs),
    latest: request.latest,
  };
  const codec = parseCompression(request.codec === "" ? "zstd" : request.codec);
  const isNamed = request.vms.length + request.jobs.length > 0;
  const wish = { sessionId, source, target, filter, isNamed, codec, timeZone: deps.timeZone };
  const { points, there, underWay } = await startCopy(deps, wish, signal);
  return { sessionId, points: points.length, skipped: there + underWay };
};

type Filter = (point: PointSummary) => boolean;

/** Everything, when nothing is named. */
const anyOf = async (names: readonly string[], toFilter: (name: string) => Promise<Filter>): Promise<Filter> => {
  const filters = await Promise.all(names.map(toFilter));
  return (point) => filters.length === 0 || filters.some((isWanted) => isWanted(point));
};
