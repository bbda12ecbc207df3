import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PointSchema } from "@holdfast/proto/holdfast/controller/v1/point_pb";
import type { PointSummary } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { findPoint } from "../../repositories/find-point.ts";
import type { PointProtection, RepositoryConnection } from "../../repositories/repository-connection.ts";
import type { ApiDeps } from "../api-deps.ts";
import { toPoint } from "./to-point.ts";

type Answer = { readonly point: MessageInitShape<typeof PointSchema> };

/** Protects a point in whichever repository has it, lifts that, or makes it immutable for longer. */
export const protectPoint = async (
  deps: ApiDeps,
  protection: PointProtection,
  signal: AbortSignal,
): Promise<Answer> => {
  const answer = await inItsRepository(deps, protection.pointId, signal, (repository) =>
    repository.protectPoint(protection, signal),
  );
  const { pointId, kind } = protection;
  deps.log.info("protection of a point changed by an operator", { point: pointId, kind });
  return answer;
};

/** Brings a point back that was removed. */
export const undeletePoint = async (deps: ApiDeps, pointId: string, signal: AbortSignal): Promise<Answer> => {
  const answer = await inItsRepository(deps, pointId, signal, (repository) =>
    repository.undeletePoint(pointId, signal),
  );
  deps.log.info("point brought back by an operator", { point: pointId });
  return answer;
};

const inItsRepository = async (
  deps: ApiDeps,
  pointId: string,
  signal: AbortSignal,
  change: (repository: RepositoryConnection) => Promise<PointSummary>,
): Promise<Answer> => {
  const { repository } = await findPoint(deps.repositories.list(), pointId, signal);
  return { point: toPoint(await change(repository), repository, []) };
};
