import { isRemoved } from "../catalog/catalog-point.ts";
import { checkFloor } from "../catalog/floor.ts";
import { toPointSummary } from "../catalog/point-message.ts";
import type { ServiceDeps } from "./deps.ts";
import { toPointId } from "./requests.ts";
import type { Calls } from "./types.ts";

/** Marks a point deleted; its manifest and packs stay (K4). One removal after another, so that each sees the floor. */
export const removePoint = ({ store, catalog, clock, log }: ServiceDeps): Calls["removePoint"] => {
  let before: Promise<unknown> = Promise.resolve();
  return (request) => {
    const remove = async (): Promise<{ point: ReturnType<typeof toPointSummary> }> => {
      const point = catalog.require(toPointId(request.pointId));
      if (isRemoved(point)) {
        await store.assertOwned();
        return { point: toPointSummary(point) };
      }
      if (!request.belowFloor) checkFloor(point, catalog.list());
      const removed = { atMs: clock.nowMs(), reason: request.reason.slice(0, 1024), belowFloor: request.belowFloor };
      const { state } = await store.writeMark(point.pointId, (current) => ({
        ...current,
        removed: current.removed ?? removed,
      }));
      log.info("point marked deleted", { point: point.pointId, vm: point.vm.vmId, reason: removed.reason });
      return { point: toPointSummary(catalog.setMarked(point.pointId, state)) };
    };
    const removing = before.then(remove, remove);
    before = removing;
    return removing;
  };
};
