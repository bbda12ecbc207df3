import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { maxPayloadBytes } from "@holdfast/shared/rpc/limits";
import { toPointSummary } from "../catalog/point-message.ts";
import type { ServiceDeps } from "./deps.ts";
import { toPointId } from "./requests.ts";
import type { Calls } from "./types.ts";

/** The summary, then the manifest's bytes in pieces; points that are marked deleted too (K3). */
export const getPoint = ({ store, catalog }: ServiceDeps): Calls["getPoint"] =>
  async function* (request) {
    const point = catalog.require(toPointId(request.pointId));
    const stored = await store.readPoint(point.pointId);
    if (!stored) throw new HoldfastError("REPOSITORY_DAMAGED", `the object of point ${point.pointId} is gone`);
    yield { part: { case: "point", value: toPointSummary(point) } };
    const { manifestBytes } = stored;
    for (let offset = 0; offset < manifestBytes.byteLength; offset += maxPayloadBytes) {
      yield { part: { case: "manifestPiece", value: manifestBytes.subarray(offset, offset + maxPayloadBytes) } };
    }
  };
