import { HoldfastError } from "../errors/holdfast-error.ts";
import { idCount, idSize, zeroId } from "./content-id.ts";
import { capacityOf, type EncodedPage, encodePage, leafCapacity, nodeCapacity } from "./page.ts";

/** How many pages a disk of so many chunks has on each level. A function of the chunk count alone. */
export interface TreeShape {
  readonly chunkCount: number;
  /** Pages per level, leaves first; the last is 1, the root. Empty for a disk of no bytes, whose root is the zero id. */
  readonly pagesPerLevel: readonly number[];
}

/** A page of a tree at its place. */
export interface TreePage extends EncodedPage {
  readonly level: number;
  readonly index: number;
}

/** The root of a disk and the pages above its leaves that have to be stored. */
export interface BuiltTree {
  readonly root: Uint8Array;
  /** Ordered so that a page comes after the pages it lists; pages of zeros are left out. */
  readonly nodes: readonly TreePage[];
}

const largestChunkCount = 2 ** 32;

/** The shape of a disk of that many chunks, at most 2^32. */
export const treeShape = (chunkCount: number): TreeShape => {
  if (!Number.isSafeInteger(chunkCount) || chunkCount < 0 || chunkCount > largestChunkCount) {
    throw new HoldfastError("INVALID_ARGUMENT", `a disk of ${chunkCount} chunks has no place in the format`);
  }
  const pagesPerLevel: number[] = [];
  let count = Math.ceil(chunkCount / leafCapacity);
  while (count > 1) {
    pagesPerLevel.push(count);
    count = Math.ceil(count / nodeCapacity);
  }
  if (count === 1) pagesPerLevel.push(count);
  return { chunkCount, pagesPerLevel };
};

/** How many leaves a disk has. */
export const leafCount = (shape: TreeShape): number => shape.pagesPerLevel[0] ?? 0;

/** The level of the root; a disk of at most one leaf has its root at level 0. */
export const rootLevel = (shape: TreeShape): number => Math.max(0, shape.pagesPerLevel.length - 1);

/** How many ids the page at this place lists: the capacity, or the rest on the last page of a level. */
export const pageLength = (shape: TreeShape, level: number, index: number): number => {
  const below = level === 0 ? shape.chunkCount : (shape.pagesPerLevel[level - 1] ?? 0);
  const capacity = capacityOf(level);
  return Math.max(0, Math.min(capacity, below - index * capacity));
};

/** Which leaf lists the chunk at a position, and where in it. */
export const placeOfChunk = (position: number): { readonly leaf: number; readonly slot: number } => ({
  leaf: Math.floor(position / leafCapacity),
  slot: position % leafCapacity,
});

/** Builds everything above the leaves from the ids of all leaves, one after another; keyed where the repository is encrypted. */
export const buildTree = (leafIds: Uint8Array, idKey?: Uint8Array): BuiltTree => {
  const nodes: TreePage[] = [];
  let ids = leafIds;
  for (let level = 1; idCount(ids) > 1; level += 1) {
    const count = Math.ceil(idCount(ids) / nodeCapacity);
    const above = new Uint8Array(count * idSize);
    for (let index = 0; index < count; index += 1) {
      const listed = ids.subarray(index * nodeCapacity * idSize, (index + 1) * nodeCapacity * idSize);
      const page = encodePage({ level, ids: listed }, idKey);
      above.set(page.id, index * idSize);
      if (page.bytes.byteLength > 0) nodes.push({ ...page, level, index });
    }
    ids = above;
  }
  return { root: idCount(ids) === 1 ? Uint8Array.from(ids) : zeroId, nodes };
};
