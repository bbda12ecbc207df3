import { toIso } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { CatalogPoint } from "./catalog-point.ts";
import { checkFloor } from "./floor.ts";
import { isImmutable } from "./standing.ts";

/** By what a removal is judged. */
export interface RemovalTerms {
  /** The guarded clock's time for deletion. */
  readonly nowMs: number;
  /** Good points of the VM that stay at least. */
  readonly floor: number;
  /** The floor is not asked for; everything else is. */
  readonly belowFloor: boolean;
}

/** Refuses with POINT_IMMUTABLE, POINT_PROTECTED or BELOW_FLOOR, in this order, whoever asks (K4). */
export const checkRemoval = (
  point: CatalogPoint,
  points: readonly CatalogPoint[],
  { nowMs, floor, belowFloor }: RemovalTerms,
): void => {
  const { pointId, immutableUntilMs } = point;
  if (immutableUntilMs !== undefined && isImmutable(point, nowMs)) {
    throw new HoldfastError("POINT_IMMUTABLE", `point ${pointId} is immutable until ${toIso(immutableUntilMs)}`, {
      details: { point: pointId, immutableUntilMs },
    });
  }
  if (point.marked.protected !== null) {
    throw new HoldfastError("POINT_PROTECTED", `point ${pointId} is protected`, { details: { point: pointId } });
  }
  if (!belowFloor) checkFloor(point, points, floor);
};
