import { idAt, idCount, isZeroId } from "@holdfast/shared/format/content-id";
import { leafCapacity } from "@holdfast/shared/format/page";
import { leafCount } from "@holdfast/shared/format/page-tree";
import type { PackSet } from "../store/pack-set.ts";
import { walkLeaves } from "../store/page-walk.ts";
import type { RepositoryReader } from "../store/repository-store.ts";
import type { CatalogPoint } from "./catalog-point.ts";
import { type DiskRange, RangeCollector } from "./disk-range.ts";

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

/** The ranges of a point whose chunks are absent. CHUNK_MISSING or CHUNK_DAMAGED when a page of it cannot be read. */
export const findHoles = async (
  reader: RepositoryReader,
  point: CatalogPoint,
  signal?: AbortSignal,
): Promise<readonly DiskRange[]> => {
  const finder = new HoleFinder(reader);
  const readPage = (id: Uint8Array): ReturnType<RepositoryReader["readPage"]> => reader.readPage(id);
  for (const { diskId, tree } of point.disks) {
    if (!tree) continue;
    const all = { ...tree, firstLeaf: 0, count: leafCount(tree.shape), idsOnly: false };
    for await (const { leaf, chunkIds } of walkLeaves(all, readPage)) {
      signal?.throwIfAborted();
      if (chunkIds) await finder.look({ diskId, firstPosition: leaf * leafCapacity, chunkIds });
    }
  }
  return finder.ranges;
};
