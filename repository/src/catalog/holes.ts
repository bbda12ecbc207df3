import { idAt, idCount, isZeroId } from "@holdfast/shared/format/content-id";
import { leafCapacity } from "@holdfast/shared/format/page";
import { pageLength } from "@holdfast/shared/format/page-tree";
import type { PackSet } from "../store/pack-set.ts";
import type { RepositoryReader } from "../store/repository-store.ts";
import type { CatalogPoint } from "./catalog-point.ts";
import { type DiskRange, RangeCollector } from "./disk-range.ts";
import { eachLeaf, type FoundLeaf } from "./leaves.ts";

/** A leaf whose chunks are looked for. */
interface LeafOfDisk {
  readonly diskId: string;
  readonly firstPosition: number;
  readonly chunkIds: Uint8Array;
}

/** Finds the positions of leaves whose chunks are in no durable pack. */
export class HoleFinder {
  readonly #reader: RepositoryReader;
  readonly #uses: PackSet | undefined;
  readonly #found = new RangeCollector();

  /** The packs of the chunks that are found are noted in `uses`. */
  constructor(reader: RepositoryReader, uses?: PackSet) {
    this.#reader = reader;
    this.#uses = uses;
  }

  /** A leaf that is not there: all of its positions are holes. */
  lose(diskId: string, firstPosition: number, count: number): void {
    for (let slot = 0; slot < count; slot += 1) this.#found.add(diskId, firstPosition + slot, {});
  }

  /** Looks through one leaf; leaves come in ascending order, disk by disk. */
  async look({ diskId, firstPosition, chunkIds }: LeafOfDisk): Promise<void> {
    const slots = Array.from({ length: idCount(chunkIds) }, (_, slot) => slot).filter(
      (slot) => !isZeroId(idAt(chunkIds, slot)),
    );
    const ids = Buffer.concat(slots.map((slot) => idAt(chunkIds, slot)));
    const locations = await this.#reader.locate("chunk", ids, this.#uses);
    for (const [index, slot] of slots.entries()) {
      if (!locations[index]) this.#found.add(diskId, firstPosition + slot, {});
    }
  }

  get ranges(): readonly DiskRange[] {
    return this.#found.ranges;
  }
}

/** How a point is looked through. */
export interface FindingHoles {
  readonly signal?: AbortSignal;
  /** Called for a page that is there and damaged. */
  readonly onDamagedPage?: (pageId: Uint8Array) => Promise<void>;
}

/** The ranges of a point whose chunks are absent, and all of each leaf that cannot be read. */
export const findHoles = async (
  reader: RepositoryReader,
  point: CatalogPoint,
  { signal, onDamagedPage }: FindingHoles = {},
): Promise<readonly DiskRange[]> => {
  const finder = new HoleFinder(reader);
  for (const { diskId, tree } of point.disks) {
    if (!tree) continue;
    for await (const found of eachLeaf(tree, reader)) {
      signal?.throwIfAborted();
      const place = { diskId, firstPosition: found.leaf * leafCapacity, count: pageLength(tree.shape, 0, found.leaf) };
      await lookAtLeaf(finder, { found, ...place }, onDamagedPage);
    }
  }
  return finder.ranges;
};

const lookAtLeaf = async (
  finder: HoleFinder,
  { found, diskId, firstPosition, count }: DiskRange & { readonly found: FoundLeaf },
  onDamagedPage: FindingHoles["onDamagedPage"],
): Promise<void> => {
  if (!("damage" in found)) {
    if (found.chunkIds) await finder.look({ diskId, firstPosition, chunkIds: found.chunkIds });
    return;
  }
  finder.lose(diskId, firstPosition, count);
  if (found.damage === "CHUNK_DAMAGED") await onDamagedPage?.(found.pageId);
};
