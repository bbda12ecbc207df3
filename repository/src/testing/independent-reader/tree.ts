import { isZero, require } from "./bytes.ts";
import type { Packs } from "./packs.ts";

const leafIds = 1024;
const nodeIds = 256;

/** Pages of each level of a disk's tree (§4), leaves first; none for a disk of no bytes. */
export const levelsOf = (chunks: number): readonly number[] => {
  const levels: number[] = [];
  for (let pages = Math.ceil(chunks / leafIds); pages > 0; pages = Math.ceil(pages / nodeIds)) {
    levels.push(pages);
    if (pages === 1) break;
  }
  return levels;
};

/** The ids of a disk's chunks in order; undefined for a chunk of zeros (§4). */
export async function* chunksOf(packs: Packs, root: Buffer, chunks: number): AsyncGenerator<Buffer | undefined> {
  const levels = levelsOf(chunks);
  if (levels.length > 0) yield* walk({ packs, chunks, levels }, levels.length - 1, 0, root);
}

interface Tree {
  readonly packs: Packs;
  readonly chunks: number;
  readonly levels: readonly number[];
}

async function* walk(tree: Tree, level: number, index: number, id: Buffer): AsyncGenerator<Buffer | undefined> {
  const count = idsOf(tree, level, index);
  const ids = isZero(id) ? undefined : await readPage(tree.packs, id, level, count);
  for (let slot = 0; slot < count; slot += 1) {
    const child = ids?.subarray(slot * 32, slot * 32 + 32) ?? Buffer.alloc(32);
    if (level > 0) yield* walk(tree, level - 1, index * nodeIds + slot, child);
    else yield isZero(child) ? undefined : child;
  }
}

/** All pages of a level but its last are full; the last lists the rest. */
const idsOf = ({ chunks, levels }: Tree, level: number, index: number): number => {
  const below = level === 0 ? chunks : (levels[level - 1] ?? 0);
  const full = level === 0 ? leafIds : nodeIds;
  return Math.min(full, below - index * full);
};

const readPage = async (packs: Packs, id: Buffer, level: number, count: number): Promise<Buffer> => {
  const page = await packs.read(2, id);
  require(page.toString("latin1", 0, 4) === "HFPG" && page.readUInt8(4) === 1, "a page's magic");
  require(page.readUInt8(5) === level && page.readUInt16LE(6) === count, "level and count of a page");
  require(page.length === 8 + 32 * count, "a page's length");
  return page.subarray(8);
};
