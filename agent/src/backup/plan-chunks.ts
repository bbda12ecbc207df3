import { chunkCountOf, type ChunkSize } from "@holdfast/shared/format/chunk-size";
import type { Extent, ExtentContext } from "../disks/extent.ts";
import { type ChunkAction, ChunkMap } from "./chunk-map.ts";

/** The disk that is planned, and what its extents tell. */
export interface PlanSource {
  readonly sizeBytes: number;
  readonly chunkSize: ChunkSize;
  readonly context: ExtentContext;
}

const data = 1;
const zero = 2;
const unchanged = 4;

/**
 * Turns extents into an action for every chunk position, in one sweep over batches of them. A chunk is zero or unchanged when
 * all of it is (R4: changed to zero is zero), else it is read.
 */
export class ChunkPlanner {
  readonly #source: PlanSource;
  readonly #map: ChunkMap;
  /** What the extents so far say of the position that they end in. */
  #mix = 0;

  constructor(source: PlanSource) {
    this.#source = source;
    this.#map = new ChunkMap(chunkCountOf(source.sizeBytes, source.chunkSize));
  }

  /** Takes the next extents; they follow those before without a gap. */
  add(extents: Iterable<Extent>): void {
    for (const extent of extents) this.#addOne(extent);
  }

  /** The plan, once the extents covered the disk. */
  finish(): ChunkMap {
    return this.#map;
  }

  #addOne(extent: Extent): void {
    const { chunkSize } = this.#source;
    const kind = kindOf(extent, this.#source.context);
    const end = extent.start + extent.length;
    const first = Math.floor(extent.start / chunkSize);
    const last = Math.floor((end - 1) / chunkSize);

    this.#mix = extent.start % chunkSize === 0 ? kind : this.#mix | kind;
    this.#map.set({ first, count: 1, action: actionOf(this.#mix) });
    if (last === first) return;
    this.#map.set({ first: first + 1, count: last - first, action: actionOf(kind) });
    this.#mix = kind;
  }
}

const kindOf = (extent: Extent, context: ExtentContext): number => {
  if (context === "dirty" && !extent.dirty) return unchanged;
  return extent.zero ? zero : data;
};

const actionOf = (mix: number): ChunkAction => {
  if (mix === zero) return "zero";
  return mix === unchanged ? "unchanged" : "read";
};
