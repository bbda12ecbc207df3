import type { Page } from "@holdfast/shared/format/page";
import type { RecordKind } from "@holdfast/shared/format/record-header";
import type { IndexRow } from "../index/index-database.ts";
import type { PackRow } from "../index/pack-rows.ts";
import type { Condemned } from "./condemned.ts";
import type { PackKey } from "./object-names.ts";
import type { ByteRange } from "./object-store.ts";
import type { OpenPacks } from "./open-packs.ts";
import type { PackSummary } from "./pack-reader.ts";
import type { PlanContent } from "./plan-log.ts";

/** How far something is, in whatever it counts. */
export type OnCount = (done: number, total: number) => void;

/** What looking for garbage reads, of a bare repository too. */
export interface PacksView {
  readonly condemned: Condemned;
  /** Packs that are durable, wholly indexed and not condemned. */
  packs(): Promise<readonly PackRow[]>;
  /** Where records lie, in the order of `ids`; undefined for absent ones and those of condemned packs. */
  rows(kind: RecordKind, ids: Uint8Array): Promise<readonly (IndexRow | undefined)[]>;
  /** CHUNK_MISSING, CHUNK_DAMAGED, IO_FAILED. */
  readPage(id: Uint8Array): Promise<Page>;
  /** Until when the storage itself refuses to remove a pack; 0 where it does not. */
  lockedUntilMs(pack: PackKey): Promise<number>;
}

/** What an owned repository offers to a collection beside what everybody may do. */
export interface CollectionStore extends PacksView {
  /** Another number when the index was made anew in between: then it may name packs again whose records were copied. */
  readonly indexGeneration: number;
  /** Marks that were written since the start: equal numbers mean that nobody decided anything in between. */
  readonly marksWritten: number;
  /** True while a mark of the point is on its way. */
  isBeingMarked(pointId: string): boolean;
  /** A pack's table of contents. REPOSITORY_DAMAGED, NOT_FOUND, IO_FAILED. */
  readContents(pack: PackKey): Promise<PackSummary>;
  readRange(pack: PackKey, range: ByteRange): Promise<Uint8Array>;
  /** Packs for copies, of their own: when they cannot be written no upload suffers. */
  openCopies(): OpenPacks;
  /** Makes a plan durable. REPOSITORY_NOT_OWNED, REPOSITORY_FULL, IO_FAILED; FEATURE_UNSUPPORTED when we must not delete. */
  plan(content: PlanContent): Promise<void>;
  /** True when a plan names something that may still be there. */
  readonly hasUnfinished: boolean;
  /** Looks at the epochs, then removes whatever plans name and is still there (I12). */
  finish(onCount: OnCount, signal?: AbortSignal): Promise<void>;
}
