import type { Clock } from "@holdfast/shared/clock/clock";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { DamageCode } from "../readings/disk-content.ts";
import type { MarkedDamage } from "../store/mark.ts";
import type { RecordRef, RepositoryStore } from "../store/repository-store.ts";
import type { Catalog } from "./catalog.ts";
import type { CatalogPoint } from "./catalog-point.ts";
import { DamageSearch } from "./hurt-points.ts";
import type { KnownDamage } from "./known-damage.ts";

/** What writing damage down needs. */
export interface RecordDeps {
  readonly store: RepositoryStore;
  readonly catalog: Catalog;
  readonly damage: KnownDamage;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A record that is absent from now on, and why. */
export interface AbsentRecord extends RecordRef {
  readonly code: DamageCode;
}

/** The most ranges that a mark takes. */
export const mostMarkedRanges = 10_000;

/**
 * Marks every point that uses records which became absent (R2), marked deleted or not. A point that is committed meanwhile looks for
 * itself. Gives the points that are hurt by them.
 */
export const recordAbsence = async (
  deps: RecordDeps,
  absent: readonly AbsentRecord[],
  signal?: AbortSignal,
): Promise<readonly CatalogPoint[]> => {
  const { store, catalog, damage } = deps;
  for (const record of absent) damage.add(record, record.code);
  if (absent.length === 0) return [];
  const search = new DamageSearch(store, damage);
  const hurt: CatalogPoint[] = [];
  for (const point of catalog.list()) {
    const damaged = await search.search(point, signal);
    // A collection may have taken it meanwhile.
    if (damaged.length > 0 && catalog.get(point.pointId)) hurt.push(await markVerified(deps, point, damaged));
  }
  return hurt;
};

/** Writes into a point's mark what of it is damaged; writes nothing when the mark says so already and `always` is not set. */
export const markVerified = async (
  { store, catalog, clock, log }: RecordDeps,
  { pointId, vm }: CatalogPoint,
  damaged: readonly MarkedDamage[],
  { always = false } = {},
): Promise<CatalogPoint> => {
  const now = catalog.require(pointId);
  const kept = damaged.slice(0, mostMarkedRanges);
  if (!always && JSON.stringify(now.marked.verified?.damaged ?? []) === JSON.stringify(kept)) return now;
  if (damaged.length > 0) log.error("point hurt", { point: pointId, vm: vm.vmId, ranges: damaged.length });
  const verified = { atMs: clock.nowMs(), damaged: kept };
  const { state } = await store.writeMark(pointId, (current) => ({ ...current, verified }));
  return catalog.setMarked(pointId, state);
};
