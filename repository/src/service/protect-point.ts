import {
  type ProtectPointRequest,
  ProtectPointRequest_Change as Change,
} from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Protection } from "../catalog/point-decisions.ts";
import type { ServiceDeps } from "./deps.ts";
import { pointSummaryOf } from "./point-summary.ts";
import { toPointId } from "./requests.ts";
import type { Calls } from "./types.ts";

/** Protects a point, lifts that, or makes it immutable for longer (K8). */
export const protectPoint =
  (deps: ServiceDeps): Calls["protectPoint"] =>
  async (request) => {
    const pointId = toPointId(request.pointId);
    return {
      point: pointSummaryOf(deps, await deps.decisions.protect(pointId, toProtection(request), request.reason)),
    };
  };

const toProtection = ({ change, untilMs }: ProtectPointRequest): Protection => {
  if (change === Change.UNTIL) return { kind: "until", untilMs: Number(untilMs) };
  if (untilMs !== 0n) throw new HoldfastError("INVALID_ARGUMENT", "an end is for a protection until a time");
  if (change === Change.FOR_EVER) return { kind: "for-ever" };
  if (change === Change.LIFTED) return { kind: "lifted" };
  throw new HoldfastError("INVALID_ARGUMENT", "no change of the protection is named");
};
