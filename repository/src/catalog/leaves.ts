import { leafCount } from "@holdfast/shared/format/page-tree";
import { type DamageCode, damageOf } from "../readings/disk-content.ts";
import { walkLeaves } from "../store/page-walk.ts";
import type { RepositoryReader } from "../store/repository-store.ts";
import type { DiskTree } from "./catalog-point.ts";

/** A leaf at its place, or why it cannot be read. */
export type FoundLeaf =
  | { readonly leaf: number; readonly pageId: Uint8Array; readonly chunkIds: Uint8Array | undefined }
  | { readonly leaf: number; readonly damage: DamageCode };

/** All leaves of a disk in order; damaged pages are named, leaf by leaf, and passed over. */
export async function* eachLeaf(tree: DiskTree, reader: RepositoryReader): AsyncGenerator<FoundLeaf> {
  const end = leafCount(tree.shape);
  let next = 0;
  while (next < end) {
    try {
      const range = { ...tree, firstLeaf: next, count: end - next, idsOnly: false };
      for await (const leaf of walkLeaves(range, (id) => reader.readPage(id))) {
        yield leaf;
        next += 1;
      }
    } catch (caught) {
      const damage = damageOf(caught);
      if (!damage) throw caught;
      yield { leaf: next, damage };
      next += 1;
    }
  }
}
