import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type CatalogPoint, isGood, isRemoved, isSameVm } from "./catalog-point.ts";

/**
 * Refuses with BELOW_FLOOR a removal that would leave fewer good points of the VM than `floor` (K4). A hurt point counts
 * for nothing and may go.
 */
export const checkFloor = (point: CatalogPoint, points: readonly CatalogPoint[], floor: number): void => {
  if (!isGood(point)) return;
  const staying = points.filter(
    (other) => other.pointId !== point.pointId && isSameVm(other.vm, point.vm) && isGood(other) && !isRemoved(other),
  );
  if (staying.length >= floor) return;
  throw new HoldfastError("BELOW_FLOOR", `only ${staying.length} good points of the VM would stay`, {
    details: { point: point.pointId, staying: staying.length, floor },
  });
};
