import type { ServiceDeps } from "./deps.ts";
import { pointSummaryOf } from "./point-summary.ts";
import { toPointId } from "./requests.ts";
import type { Calls } from "./types.ts";

/** Brings a point back that was marked deleted and is not gone (K7). */
export const undeletePoint =
  (deps: ServiceDeps): Calls["undeletePoint"] =>
  async ({ pointId }) => ({ point: pointSummaryOf(deps, await deps.decisions.undelete(toPointId(pointId))) });
