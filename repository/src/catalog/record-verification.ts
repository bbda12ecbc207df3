import type { Clock } from "@holdfast/shared/clock/clock";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { MarkedDamage } from "../store/mark.ts";
import type { RepositoryStore } from "../store/repository-store.ts";
import type { Catalog } from "./catalog.ts";
import { type CatalogPoint, isRemoved } from "./catalog-point.ts";
import { DamageSearch } from "./hurt-points.ts";
import type { DamagedIds, KnownDamage } from "./known-damage.ts";
import type { VerifyProgress } from "./verify-point.ts";

/** What writing damage down needs. */
export interface RecordDeps {
  readonly store: RepositoryStore;
  readonly catalog: Catalog;
  readonly damage: KnownDamage;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The most ranges that a mark takes. */
const mostRanges = 10_000;

/** Marks the verified point with what was found, and every other point that uses the same damaged chunks (R2). */
export const recordVerification = async (
  deps: RecordDeps,
  point: CatalogPoint,
  { damaged, damagedIds }: VerifyProgress,
): Promise<void> => {
  await mark(deps, point, damaged);
  deps.damage.set(point.pointId, damagedIds);
  if (damagedIds.size === 0) return;

  const search = new DamageSearch(deps.store, damagedIds);
  for (const other of deps.catalog.list()) {
    if (other.pointId !== point.pointId && !isRemoved(other)) await markHurt(deps, other, search, damagedIds);
  }
};

/** Marks a point that was just committed when it uses chunks that are known damaged; gives it as the catalog has it then. */
export const markNewPoint = async (deps: RecordDeps, point: CatalogPoint): Promise<CatalogPoint> => {
  const { ids } = deps.damage;
  if (ids.size > 0) await markHurt(deps, point, new DamageSearch(deps.store, ids), ids);
  return deps.catalog.require(point.pointId);
};

const markHurt = async (
  deps: RecordDeps,
  point: CatalogPoint,
  search: DamageSearch,
  ids: DamagedIds,
): Promise<void> => {
  const damaged = await search.search(point);
  if (damaged.length === 0) return;
  await mark(deps, point, damaged);
  deps.damage.set(point.pointId, ids);
};

const mark = async (
  { store, catalog, clock, log }: RecordDeps,
  { pointId, vm }: CatalogPoint,
  damaged: readonly MarkedDamage[],
): Promise<void> => {
  if (damaged.length > 0) log.error("point hurt", { point: pointId, vm: vm.vmId, ranges: damaged.length });
  const verified = { atMs: clock.nowMs(), damaged: damaged.slice(0, mostRanges) };
  const { state } = await store.writeMark(pointId, (current) => ({ ...current, verified }));
  catalog.setMarked(pointId, state);
};
