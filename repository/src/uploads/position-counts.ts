import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import { equalBytes, idAt, idCount, isZeroId } from "@holdfast/shared/format/content-id";
import { leafCapacity } from "@holdfast/shared/format/page";
import { leafCount, pageLength } from "@holdfast/shared/format/page-tree";
import type { DiskTree } from "../catalog/catalog-point.ts";
import { type DiskRange, namesPosition } from "../catalog/disk-range.ts";
import { type PageSource, type WalkedLeaf, walkLeaves } from "../store/page-walk.ts";

/** R8 as trees tell it, in chunk positions: planned = zero + unchanged + fresh, and fresh = deduplicated + stored. */
export interface PositionCounts {
  readonly planned: number;
  readonly zero: number;
  readonly unchanged: number;
  readonly fresh: number;
}

/** A disk of a manifest, beside the disk of the same id of its base. */
export interface ComparedDisk {
  readonly diskId: string;
  readonly tree: DiskTree;
  /** Undefined when the base has no such disk, or there is no base. */
  readonly base: DiskTree | undefined;
  /** Positions that were to be read again: they count as unknown to the base. */
  readonly heal: readonly DiskRange[];
}

/** A leaf that lists chunks, and whether the base has the same one at its place. */
export interface SeenLeaf {
  readonly diskId: string;
  readonly firstPosition: number;
  readonly chunkIds: Uint8Array;
  readonly isReused: boolean;
}

/** What counting one disk needs. */
export interface CountDeps {
  readonly readPage: PageSource;
  /** Called for every leaf that is not all zeros, in order. */
  readonly onLeaf: (leaf: SeenLeaf) => Promise<void>;
  /** Called for every leaf that is absent itself, or a page between it and the root (C5). */
  readonly onLost: (lost: { readonly firstPosition: number; readonly count: number }) => void;
}

/** No positions at all. */
export const noPositions: PositionCounts = { planned: 0, zero: 0, unchanged: 0, fresh: 0 };

/** Two counts together. */
export const addCounts = (a: PositionCounts, b: PositionCounts): PositionCounts => ({
  planned: a.planned + b.planned,
  zero: a.zero + b.zero,
  unchanged: a.unchanged + b.unchanged,
  fresh: a.fresh + b.fresh,
});

/**
 * Walks a disk's whole tree and counts its positions (C6). CHUNK_MISSING when its root is absent, CHUNK_DAMAGED when a page does
 * not fit its place (C4).
 */
export const countPositions = async (
  disk: ComparedDisk,
  { readPage, onLeaf, onLost }: CountDeps,
): Promise<PositionCounts> => {
  const baseLeaves = disk.base ? walkAll(disk.base, readPage) : undefined;
  let counts = noPositions;
  for await (const leaf of leavesOrGaps(disk.tree, readPage)) {
    const next = await baseLeaves?.next();
    const base = next?.done === true ? undefined : next?.value;
    const length = pageLength(disk.tree.shape, 0, leaf.leaf);
    if ("isLost" in leaf) {
      onLost({ firstPosition: leaf.leaf * leafCapacity, count: length });
      continue;
    }
    if (!leaf.chunkIds) {
      counts = addCounts(counts, { planned: length, zero: length, unchanged: 0, fresh: 0 });
      continue;
    }
    const firstPosition = leaf.leaf * leafCapacity;
    const isReused = base !== undefined && equalBytes(base.pageId, leaf.pageId);
    await onLeaf({ diskId: disk.diskId, firstPosition, chunkIds: leaf.chunkIds, isReused });
    counts = addCounts(counts, countLeaf(disk, firstPosition, leaf.chunkIds, base?.chunkIds));
  }
  return counts;
};

const walkAll = ({ root, shape }: DiskTree, readPage: PageSource): AsyncGenerator<WalkedLeaf> =>
  walkLeaves({ root, shape, firstLeaf: 0, count: leafCount(shape), idsOnly: false }, readPage);

interface LostLeaf {
  readonly leaf: number;
  readonly isLost: true;
}

/** All leaves in order; one that cannot be reached because a page below the root is absent is told as lost. */
async function* leavesOrGaps(tree: DiskTree, readPage: PageSource): AsyncGenerator<WalkedLeaf | LostLeaf> {
  const { root, shape } = tree;
  if (!isZeroId(root)) await readPage(root);
  const end = leafCount(shape);
  for (let next = 0; next < end;) {
    const rest = { root, shape, firstLeaf: next, count: end - next, idsOnly: false };
    try {
      for await (const leaf of walkLeaves(rest, readPage)) {
        yield leaf;
        next += 1;
      }
    } catch (caught) {
      if (!hasCode(caught, "CHUNK_MISSING")) throw caught;
      yield { leaf: next, isLost: true };
      next += 1;
    }
  }
}

const countLeaf = (
  { diskId, heal }: ComparedDisk,
  firstPosition: number,
  ids: Uint8Array,
  baseIds: Uint8Array | undefined,
): PositionCounts => {
  const planned = idCount(ids);
  let zero = 0;
  let unchanged = 0;
  for (let slot = 0; slot < planned; slot += 1) {
    const id = idAt(ids, slot);
    if (isZeroId(id)) zero += 1;
    else if (isUnchanged(id, slot, baseIds) && !namesPosition(heal, diskId, firstPosition + slot)) unchanged += 1;
  }
  return { planned, zero, unchanged, fresh: planned - zero - unchanged };
};

const isUnchanged = (id: Uint8Array, slot: number, baseIds: Uint8Array | undefined): boolean =>
  baseIds !== undefined && slot < idCount(baseIds) && equalBytes(id, idAt(baseIds, slot));
