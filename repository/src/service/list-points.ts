import type { VmKey } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { type CatalogPoint, isRemoved, isSameVm } from "../catalog/catalog-point.ts";
import type { ServiceDeps } from "./deps.ts";
import { pointSummaryOf } from "./point-summary.ts";
import { toVmKey } from "./requests.ts";
import type { Calls } from "./types.ts";

/** The points of one VM or all, oldest first, as of the call's start (K1). */
export const listPoints = (deps: ServiceDeps): Calls["listPoints"] =>
  async function* ({ vm, includeRemoved }, { signal }) {
    const isAsked = askedVm(vm);
    for (const point of deps.catalog.list()) {
      signal.throwIfAborted();
      if (isAsked(point) && (includeRemoved || !isRemoved(point))) yield { point: pointSummaryOf(deps, point) };
    }
  };

const askedVm = (vm: VmKey | undefined): ((point: CatalogPoint) => boolean) => {
  if (!vm || (vm.vmId === "" && vm.engineInstanceId === "")) return () => true;
  const key = toVmKey(vm);
  return (point) => isSameVm(point.vm, key);
};
