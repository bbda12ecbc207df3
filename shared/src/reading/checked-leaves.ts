import type { BaseDisk } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError, hasCode } from "../errors/holdfast-error.ts";
import { chunkCountOf } from "../format/chunk-size.ts";
import { equalBytes, idSize } from "../format/content-id.ts";
import { encodePage, leafCapacity } from "../format/page.ts";
import { buildTree, leafCount, treeShape } from "../format/page-tree.ts";
import type { Reading } from "./open-reading.ts";
import type { LeafSource } from "./leaf-source.ts";

/** The reading that leaves are walked for. */
export interface Walking {
  readonly reading: Pick<Reading, "chunkSize">;
  /** Of an encrypted repository. */
  readonly idKey: Uint8Array | undefined;
  readonly signal: AbortSignal;
}

/** The ids of a disk leaf by leaf. Each leaf must be what its id says, and all of them what the point's root says. */
export async function* checkedLeaves(
  leaves: LeafSource,
  { diskId, sizeBytes, root }: BaseDisk,
  { reading, idKey, signal }: Walking,
): AsyncGenerator<{ readonly first: number; readonly ids: Uint8Array }> {
  const shape = treeShape(chunkCountOf(Number(sizeBytes), reading.chunkSize));
  const leafIds = new Uint8Array(leafCount(shape) * idSize);
  for (let leaf = 0; leaf < leafCount(shape); leaf += 1) {
    const first = leaf * leafCapacity;
    const ids = (await readLeaf(leaves, leaf, { diskId, signal })).subarray(
      0,
      Math.min(leafCapacity, shape.chunkCount - first) * idSize,
    );
    leafIds.set(encodePage({ level: 0, ids }, idKey).id, leaf * idSize);
    yield { first, ids };
  }
  if (!equalBytes(buildTree(leafIds, idKey).root, root)) {
    throw new HoldfastError("POINT_HURT", `the pages of disk ${diskId} are not those that the point names`, {
      details: { diskId },
    });
  }
}

const readLeaf = async (
  leaves: LeafSource,
  leaf: number,
  { diskId, signal }: { readonly diskId: string; readonly signal: AbortSignal },
): Promise<Uint8Array> => {
  try {
    return (await leaves.at(leaf, signal)).chunkIds;
  } catch (cause) {
    if (!hasCode(cause, "CHUNK_MISSING", "CHUNK_DAMAGED")) throw cause;
    const first = leaf * leafCapacity;
    const message = `the page of disk ${diskId} that lists chunks ${first}-${first + leafCapacity - 1} is damaged`;
    throw new HoldfastError("POINT_HURT", message, { details: { diskId, first }, cause });
  }
};
