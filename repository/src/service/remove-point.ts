import { pointSummaryOf } from "./point-summary.ts";
import type { ServiceDeps } from "./deps.ts";
import { toPointId } from "./requests.ts";
import type { Calls } from "./types.ts";

/** Marks a point deleted; its manifest and packs stay until a collection after the undelete period (K4). */
export const removePoint =
  (deps: ServiceDeps): Calls["removePoint"] =>
  async ({ pointId, belowFloor, reason }) => ({
    point: pointSummaryOf(deps, await deps.decisions.remove(toPointId(pointId), { belowFloor, reason })),
  });
