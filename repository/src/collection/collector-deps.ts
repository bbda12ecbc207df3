import type { Logger } from "@holdfast/shared/logging/logger";
import type { Catalog } from "../catalog/catalog.ts";
import type { CatalogPoint } from "../catalog/catalog-point.ts";
import type { Readings } from "../readings/reading.ts";
import type { RepositoryStore } from "../store/repository-store.ts";
import type { Uploads } from "../uploads/uploads.ts";

/** What a collector needs. */
export interface CollectorDeps {
  readonly store: RepositoryStore;
  readonly catalog: Catalog;
  readonly uploads: Uploads;
  readonly readings: Readings;
  /** Whether nothing of a point may be relied on any more; judged by its marks and the guarded clock. */
  readonly isGone: (point: CatalogPoint) => boolean;
  /** Why nothing may be deleted now; undefined when something may. */
  readonly suspended: () => string | undefined;
  readonly log: Logger;
}

/** How far a collection is, in points, packs or bytes of its phase. */
export interface CollectionProgress {
  readonly phase: "finishing" | "walking" | "removing" | "compacting";
  readonly done: number;
  readonly total: number;
}

/** What a collection did, or would do. */
export interface CollectionResult {
  readonly pointsRemoved: number;
  readonly packsRemoved: number;
  readonly packsCompacted: number;
  readonly bytesFreed: number;
  readonly bytesCopied: number;
  /** Packs that were wanted and not taken: an upload uses them, a record of them is damaged, or there was no room for copies. */
  readonly packsSpared: number;
  /** What was decided, in words. */
  readonly plan: string;
}
