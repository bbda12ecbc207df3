import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { maxPayloadBytes } from "@holdfast/shared/rpc/limits";
import type { ServiceDeps } from "./deps.ts";
import { pointSummaryOf } from "./point-summary.ts";
import { toPointId } from "./requests.ts";
import type { Calls } from "./types.ts";

/** The summary, then the manifest's bytes in pieces; points that are marked deleted too (K3). */
export const getPoint = (deps: ServiceDeps): Calls["getPoint"] =>
  async function* (request) {
    const point = deps.catalog.require(toPointId(request.pointId));
    const stored = await deps.store.readPoint(point.pointId);
    if (!stored) throw new HoldfastError("REPOSITORY_DAMAGED", `the object of point ${point.pointId} is gone`);
    yield { part: { case: "point", value: pointSummaryOf(deps, point) } };
    const { manifestBytes } = stored;
    for (let offset = 0; offset < manifestBytes.byteLength; offset += maxPayloadBytes) {
      yield { part: { case: "manifestPiece", value: manifestBytes.subarray(offset, offset + maxPayloadBytes) } };
    }
  };
