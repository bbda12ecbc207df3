import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { CatalogPoint } from "../catalog/catalog-point.ts";
import type { PackRow } from "../index/pack-rows.ts";
import { unmarked } from "../store/mark.ts";
import type { UsesWatch } from "../uploads/uses-registry.ts";
import type { CollectorDeps } from "./collector-deps.ts";

/** What a collection begins with (G2). */
export interface Beginning {
  /** Points that go, unless the collection ends without a plan. */
  readonly leaving: readonly CatalogPoint[];
  readonly roots: readonly CatalogPoint[];
  /** Packs that were durable and indexed. */
  readonly candidates: readonly PackRow[];
  readonly indexGeneration: number;
  /** What uploads use that were open at any moment since. */
  readonly uses: UsesWatch;
}

const attempts = 16;

/**
 * Decides, from their highest marks, which points are gone, and takes them out in one step with everything else that a
 * beginning is. REPOSITORY_DAMAGED when a point's object cannot be read: what it needs cannot be told (G11).
 */
export const beginCollection = async (deps: CollectorDeps, takesOut: boolean): Promise<Beginning> => {
  const { catalog, store, uploads } = deps;
  refuseUnreadable(catalog.unreadable);
  const candidates = await store.collection.packs();
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const marks = store.collection.marksWritten;
    const gone = await confirmGone(deps, catalog.list());
    if (store.collection.marksWritten !== marks) continue;
    // From here on nothing waits.
    const leaving = gone.filter((point) => mayLeave(deps, point));
    const ids = new Set(leaving.map(({ pointId }) => pointId));
    if (takesOut) store.collection.condemned.takeOut(ids);
    uploads.forgetUses((taskId) => catalog.get(taskId) !== undefined);
    const roots = catalog.list().filter(({ pointId }) => !ids.has(pointId));
    const { indexGeneration } = store.collection;
    return { leaving, roots, candidates, indexGeneration, uses: uploads.watchUses() };
  }
  throw new HoldfastError("REPOSITORY_BUSY", "points are being marked all the time");
};

/** G11: REPOSITORY_DAMAGED when there are points whose own objects cannot be read. */
export const refuseUnreadable = (unreadable: ReadonlyMap<string, HoldfastError>): void => {
  const [pointId] = unreadable.keys();
  if (pointId === undefined) return;
  throw new HoldfastError(
    "REPOSITORY_DAMAGED",
    `point ${pointId} cannot be read: nothing is collected, since what it needs cannot be told`,
    { cause: unreadable.get(pointId) },
  );
};

/** A mark that is on its way, or that the catalog has not got yet, counts. */
const confirmGone = async (deps: CollectorDeps, points: readonly CatalogPoint[]): Promise<CatalogPoint[]> => {
  const gone: CatalogPoint[] = [];
  for (const point of points) {
    if (!deps.isGone(point)) continue;
    const mark = await deps.store.readMark(point.pointId);
    if (deps.isGone({ ...point, marked: mark?.state ?? unmarked })) gone.push(point);
  }
  return gone;
};

const mayLeave = ({ store, catalog, uploads, readings }: CollectorDeps, point: CatalogPoint): boolean => {
  const { pointId } = point;
  if (catalog.get(pointId) !== point || store.collection.isBeingMarked(pointId)) return false;
  return !readings.holds(pointId) && ![...uploads.baseIds()].includes(pointId);
};
