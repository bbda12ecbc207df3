import { type Clock, systemClock } from "@holdfast/shared/clock/clock";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { silentLogger as log } from "@holdfast/shared/logging/silent-logger";
import { Catalog } from "../../catalog/catalog.ts";
import type { CatalogPoint } from "../../catalog/catalog-point.ts";
import { standingOf } from "../../catalog/standing.ts";
import { Readings } from "../../readings/reading.ts";
import type { Mark } from "../../store/mark.ts";
import type { RepositoryStore } from "../../store/repository-store.ts";
import { Uploads } from "../../uploads/uploads.ts";
import { Collector } from "../collector.ts";
import type { CollectionResult } from "../collector-deps.ts";

/** What surrounds a collection in a server, without the server. */
export interface Collecting {
  readonly catalog: Catalog;
  readonly uploads: Uploads;
  readonly readings: Readings;
  readonly collector: Collector;
  readonly collect: () => Promise<CollectionResult>;
}

const hourMs = 3_600_000;

/** Loads the catalog of a store and makes its collector; a removed point is gone at once unless told otherwise. */
export const openCollecting = async (
  store: RepositoryStore,
  { clock = systemClock, undeletePeriodMs = 0 }: { readonly clock?: Clock; readonly undeletePeriodMs?: number } = {},
): Promise<Collecting> => {
  const catalog = await Catalog.load(store);
  const uploads = new Uploads({ clock, random: systemRandom, log, silenceMs: hourMs });
  const readings = new Readings({ clock, random: systemRandom, silenceMs: hourMs });
  const isGone = (point: CatalogPoint): boolean =>
    standingOf(point, clock.nowMs(), { undeletePeriodMs }).state === "gone";
  const suspended = (): undefined => undefined;
  const collector = new Collector({ store, catalog, uploads, readings, isGone, suspended, log });
  const signal = new AbortController().signal;
  const collect = (): Promise<CollectionResult> =>
    collector.collect({ dryRun: false, onProgress: () => undefined, signal });
  return { catalog, uploads, readings, collector, collect };
};

/** Marks a point removed, whatever is left of its VM. */
export const markRemoved = async (store: RepositoryStore, pointId: string, atMs = 0): Promise<Mark> => {
  const removed = { atMs, reason: "by a test", belowFloor: true };
  return await store.writeMark(pointId, (state) => ({ ...state, removed }));
};
