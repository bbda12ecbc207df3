import { equalBytes, idAt, idCount, isZeroId } from "@holdfast/shared/format/content-id";
import { leafCapacity } from "@holdfast/shared/format/page";
import { pageLength } from "@holdfast/shared/format/page-tree";
import type { DiskTree } from "../catalog/catalog-point.ts";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type DiskRange, nameAll, namesPosition } from "../catalog/disk-range.ts";
import { eachLeaf, type FoundLeaf } from "../catalog/leaves.ts";
import type { PageSource } from "../store/page-walk.ts";

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
  /** An absent root is told as lost too, instead of being an error (C4). */
  readonly mayLackRoot: boolean;
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
 * Walks a disk's whole tree and counts its positions (C6). CHUNK_MISSING when its root is absent and may not be, CHUNK_DAMAGED when
 * a page does not fit its place (C4).
 */
export const countPositions = async (
  disk: ComparedDisk,
  { readPage, onLeaf, onLost, mayLackRoot }: CountDeps,
): Promise<PositionCounts> => {
  const { root } = disk.tree;
  if (!mayLackRoot && !isZeroId(root)) await readPage(root);
  const baseLeaves = disk.base ? eachLeaf(disk.base, { readPage }) : undefined;
  let counts = noPositions;
  for await (const leaf of eachLeaf(disk.tree, { readPage })) {
    const next = await baseLeaves?.next();
    const base = baseOf(disk, next?.done === true ? undefined : next?.value);
    if ("damage" in leaf) onLost(lostRange(disk, leaf));
    else counts = addCounts(counts, await countOne(disk, { leaf, base }, onLeaf));
  }
  return counts;
};

interface ComparedLeaf {
  readonly leaf: ReadableLeaf;
  readonly base: ReadableLeaf | undefined;
}

const countOne = async (
  disk: ComparedDisk,
  { leaf, base }: ComparedLeaf,
  onLeaf: CountDeps["onLeaf"],
): Promise<PositionCounts> => {
  const length = pageLength(disk.tree.shape, 0, leaf.leaf);
  if (!leaf.chunkIds) return { planned: length, zero: length, unchanged: 0, fresh: 0 };
  const firstPosition = leaf.leaf * leafCapacity;
  const isReused = base !== undefined && equalBytes(base.pageId, leaf.pageId);
  await onLeaf({ diskId: disk.diskId, firstPosition, chunkIds: leaf.chunkIds, isReused });
  return countLeaf(disk, firstPosition, leaf.chunkIds, base?.chunkIds);
};

/** The positions of a leaf that is absent; one that is there and wrong is an error (C4). */
const lostRange = ({ tree }: ComparedDisk, leaf: Unreadable): Pick<DiskRange, "firstPosition" | "count"> => {
  if (leaf.damage === "CHUNK_DAMAGED") throw unreadable(leaf);
  return { firstPosition: leaf.leaf * leafCapacity, count: pageLength(tree.shape, 0, leaf.leaf) };
};

/** The base's leaf at that place. One that cannot be read stands for nothing, and its positions were told to be read again. */
const baseOf = (disk: ComparedDisk, found: FoundLeaf | undefined): ReadableLeaf | undefined => {
  if (!found || !("damage" in found)) return found;
  const length = disk.base ? pageLength(disk.base.shape, 0, found.leaf) : 0;
  const range = { diskId: disk.diskId, firstPosition: found.leaf * leafCapacity, count: length };
  if (!nameAll(disk.heal, range)) throw unreadable(found);
  return undefined;
};

type Unreadable = Extract<FoundLeaf, { readonly damage: unknown }>;
type ReadableLeaf = Exclude<FoundLeaf, Unreadable>;

const unreadable = ({ damage, leaf }: Unreadable): HoldfastError =>
  new HoldfastError(damage, `the page of leaf ${leaf} cannot be read`);

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
