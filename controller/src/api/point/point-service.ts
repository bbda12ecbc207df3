import { PointService } from "@holdfast/proto/holdfast/controller/v1/point_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type ServedService, serveService } from "@holdfast/shared/rpc/implementation";
import { pointsUnderCopy } from "../../copies/points-under-copy.ts";
import { withNames } from "../../repositories/keys/point-names.ts";
import { findPoint } from "../../repositories/find-point.ts";
import { requestedSessionId } from "../../sessions/start-session.ts";
import type { ApiDeps } from "../api-deps.ts";
import { beginMaintenance } from "../maintenance/begin-maintenance.ts";
import { grantReading } from "./grant-reading.ts";
import { listPoints } from "./list-points.ts";
import { protectPoint, undeletePoint } from "./protect-points.ts";
import { toPoint, toWholePoint } from "./to-point.ts";

/** `holdfast.controller.v1.PointService`. */
export const servePoints = (deps: ApiDeps): ServedService =>
  serveService(PointService, {
    listPoints: (request, { signal }) => listPoints(deps, request, signal),
    getPoint: async ({ pointId }, { signal }) => {
      const { repository, summary, manifest } = await findPoint(deps.repositories.list(), pointId, signal);
      const opened = await deps.repositories.keys.openManifest(repository, manifest, signal);
      const originRepositoryName = deps.repositories.find(summary.originRepositoryId)?.name ?? "";
      const point = toWholePoint(withNames(summary, opened.sealed), repository, opened);
      return { point: { ...point, originRepositoryName } };
    },
    grantReading: (request, call) => grantReading(deps, request, call),
    undeletePoint: ({ pointId }, { signal }) => undeletePoint(deps, pointId, signal),
    protectPoint: ({ pointId, untilMs, reason }, { signal }) => {
      const end = untilMs === 0n ? ({ kind: "for-ever" } as const) : ({ kind: "until", untilMs } as const);
      return protectPoint(deps, { pointId, reason, ...end }, signal);
    },
    unprotectPoint: ({ pointId }, { signal }) => protectPoint(deps, { pointId, reason: "", kind: "lifted" }, signal),
    verifyPoint: async ({ pointId, requestId }, { signal }) => {
      const { repository } = await findPoint(deps.repositories.list(), pointId, signal);
      const sessionId = requestedSessionId("point-verify", pointId, requestId, deps.random);
      const { repositoryId } = repository;
      await beginMaintenance(deps, {
        kind: "point-verify",
        sessionId,
        repositoryId,
        title: `point ${pointId}`,
        request: { pointId },
      });
      return { sessionId };
    },
    removePoint: async ({ pointId, belowFloor }, { signal }) => {
      const { repository } = await findPoint(deps.repositories.list(), pointId, signal);
      if ((await pointsUnderCopy(deps.database.queries, repository.repositoryId)).has(pointId))
        throw new HoldfastError(
          "FAILED_PRECONDITION",
          `point ${pointId} is being copied: it can be removed after that`,
        );
      const removed = await repository.removePoint({ pointId, belowFloor, reason: "removed by an operator" }, signal);
      deps.log.info("point removed by an operator", { point: pointId, repository: repository.name, belowFloor });
      return { point: toPoint(removed, repository, []) };
    },
  });
