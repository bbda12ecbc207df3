import { equalBytes, idAt, idCount, isZeroId, zeroId } from "@holdfast/shared/format/content-id";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { nodeCapacity, type Page } from "@holdfast/shared/format/page";
import { leafCount, pageLength, rootLevel, type TreeShape } from "@holdfast/shared/format/page-tree";

/** Reads a page by id; never asked for the zero id. */
export type PageSource = (id: Uint8Array) => Promise<Page>;

/** A leaf at its place; `chunkIds` is undefined for a stretch of zeros and when only ids were asked for. */
export interface WalkedLeaf {
  readonly leaf: number;
  readonly pageId: Uint8Array;
  readonly chunkIds: Uint8Array | undefined;
}

/** A disk's tree and the leaves wanted of it. */
export interface LeafRange {
  readonly root: Uint8Array;
  readonly shape: TreeShape;
  readonly firstLeaf: number;
  /** As many as there are from `firstLeaf` at most. */
  readonly count: number;
  /** Do not read the leaves themselves. */
  readonly idsOnly: boolean;
}

/** Leaves of a disk in order; each node above them is read once. CHUNK_DAMAGED when a page does not fit its place. */
export async function* walkLeaves(range: LeafRange, readPage: PageSource): AsyncGenerator<WalkedLeaf> {
  const path = new TreePath(range.root, range.shape, readPage);
  const end = Math.min(range.firstLeaf + range.count, leafCount(range.shape));
  for (let leaf = range.firstLeaf; leaf < end; leaf += 1) {
    const pageId = await path.pageIdAt(0, leaf);
    const wanted = !range.idsOnly && !isZeroId(pageId);
    const chunkIds = wanted ? checkPlace(await readPage(pageId), range.shape, 0, leaf).ids : undefined;
    yield { leaf, pageId, chunkIds };
  }
}

/** Refuses a page that does not have the level and number of ids of its place. */
export const checkPlace = (page: Page, shape: TreeShape, level: number, index: number): Page => {
  const expected = pageLength(shape, level, index);
  if (page.level === level && idCount(page.ids) === expected) return page;
  throw new HoldfastError(
    "CHUNK_DAMAGED",
    `page ${index} of level ${level} lists ${idCount(page.ids)} ids at level ${page.level}, not ${expected}`,
  );
};

/** The pages from the root down to the place last asked for; neighbours share all but the last. */
class TreePath {
  readonly #held = new Map<number, { readonly index: number; readonly id: Uint8Array; readonly page: Page }>();
  readonly #root: Uint8Array;
  readonly #shape: TreeShape;
  readonly #readPage: PageSource;

  constructor(root: Uint8Array, shape: TreeShape, readPage: PageSource) {
    this.#root = root;
    this.#shape = shape;
    this.#readPage = readPage;
  }

  async pageIdAt(level: number, index: number): Promise<Uint8Array> {
    if (level >= rootLevel(this.#shape)) return this.#root;
    const parentIndex = Math.floor(index / nodeCapacity);
    const parentId = await this.pageIdAt(level + 1, parentIndex);
    if (isZeroId(parentId)) return zeroId;
    const parent = await this.#page(level + 1, parentIndex, parentId);
    return idAt(parent.ids, index % nodeCapacity);
  }

  async #page(level: number, index: number, id: Uint8Array): Promise<Page> {
    const held = this.#held.get(level);
    if (held !== undefined && held.index === index && equalBytes(held.id, id)) return held.page;
    const page = checkPlace(await this.#readPage(id), this.#shape, level, index);
    this.#held.set(level, { index, id, page });
    return page;
  }
}
