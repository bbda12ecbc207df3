import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { idAt, idCount, isZeroId } from "@holdfast/shared/format/content-id";
import { rootLevel } from "@holdfast/shared/format/page-tree";
import { mapBounded } from "@holdfast/shared/lifecycle/bounded";
import type { CatalogPoint } from "../catalog/catalog-point.ts";
import { damageOf } from "../readings/disk-content.ts";
import type { CollectionStore, OnCount } from "../store/collection-store.ts";
import { LiveBits } from "./live-bits.ts";

/** What a walk reads. */
export type WalkedStore = Pick<CollectionStore, "rows" | "readPage">;

const pagesAtOnce = 8;

/**
 * Marks every record that the roots need, reading each distinct page once (G3). POINT_HURT when a page of a root is absent or
 * damaged: what is under it cannot be told (G11). A chunk that is absent is passed over.
 */
export const walkLive = async (
  store: WalkedStore,
  roots: readonly CatalogPoint[],
  onCount: OnCount,
  signal?: AbortSignal,
): Promise<LiveBits> => {
  const live = new LiveBits();
  for (const [index, root] of roots.entries()) {
    const walk = new PointWalk(store, live, root.pointId, signal);
    for (const { tree } of root.disks) {
      if (tree && !isZeroId(tree.root)) await walk.visit(rootLevel(tree.shape), tree.root);
    }
    onCount(index + 1, roots.length);
  }
  return live;
};

class PointWalk {
  readonly #store: WalkedStore;
  readonly #live: LiveBits;
  readonly #pointId: string;
  readonly #signal: AbortSignal | undefined;

  constructor(store: WalkedStore, live: LiveBits, pointId: string, signal: AbortSignal | undefined) {
    this.#store = store;
    this.#live = live;
    this.#pointId = pointId;
    this.#signal = signal;
  }

  /** Pages of one level, and everything under those that were not seen before. */
  async visit(level: number, pageIds: Uint8Array): Promise<void> {
    this.#signal?.throwIfAborted();
    const ids = nonZero(pageIds);
    const rows = await this.#store.rows("page", Buffer.concat(ids));
    const fresh = ids.filter((_, index) => {
      const row = rows[index];
      if (row === undefined) throw this.#hurt("absent");
      return this.#live.add(row);
    });
    await mapBounded(fresh, level === 0 ? pagesAtOnce : 1, (id) => this.#descend(level, id), this.#signal);
  }

  async #descend(level: number, id: Uint8Array): Promise<void> {
    const page = await this.#read(id);
    if (page.level !== level) throw this.#hurt(`of level ${page.level} where one of level ${level} belongs`);
    if (level > 0) {
      await this.visit(level - 1, page.ids);
      return;
    }
    const chunks = nonZero(page.ids);
    const rows = await this.#store.rows("chunk", Buffer.concat(chunks));
    for (const row of rows) if (row) this.#live.add(row);
  }

  async #read(id: Uint8Array): ReturnType<WalkedStore["readPage"]> {
    try {
      return await this.#store.readPage(id);
    } catch (caught) {
      if (!damageOf(caught)) throw caught;
      throw this.#hurt("unreadable", caught);
    }
  }

  #hurt(how: string, cause?: unknown): HoldfastError {
    const message = `a page of point ${this.#pointId} is ${how}: nothing is collected, since what is under it cannot be told`;
    return new HoldfastError("POINT_HURT", message, cause === undefined ? {} : { cause });
  }
}

const nonZero = (ids: Uint8Array): Uint8Array[] =>
  Array.from({ length: idCount(ids) }, (_, index) => idAt(ids, index)).filter((id) => !isZeroId(id));
