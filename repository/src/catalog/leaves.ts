import { leafCount } from "@holdfast/shared/format/page-tree";
import { type DamageCode, damageOf } from "../readings/disk-content.ts";
import { type PageSource, walkLeaves } from "../store/page-walk.ts";
import type { DiskTree } from "./catalog-point.ts";

/** A leaf at its place, or why it cannot be read, and which page of it or above it is at fault. */
export type FoundLeaf =
  | { readonly leaf: number; readonly pageId: Uint8Array; readonly chunkIds: Uint8Array | undefined }
  | { readonly leaf: number; readonly damage: DamageCode; readonly pageId: Uint8Array };

/** Which leaves of a disk; all unless told. */
export interface LeafSpan {
  readonly first?: number;
  /** The first one that is not wanted any more. */
  readonly end?: number;
}

/** Leaves of a disk in order; damaged pages are named, leaf by leaf, and passed over. */
export async function* eachLeaf(
  tree: DiskTree,
  source: { readonly readPage: PageSource },
  span: LeafSpan = {},
): AsyncGenerator<FoundLeaf> {
  const end = Math.min(span.end ?? Number.POSITIVE_INFINITY, leafCount(tree.shape));
  let next = span.first ?? 0;
  let pageId = tree.root;
  const readPage: PageSource = (id) => {
    pageId = id;
    return source.readPage(id);
  };
  while (next < end) {
    try {
      const range = { ...tree, firstLeaf: next, count: end - next, idsOnly: false };
      for await (const leaf of walkLeaves(range, readPage)) {
        yield leaf;
        next += 1;
      }
    } catch (caught) {
      const damage = damageOf(caught);
      if (!damage) throw caught;
      yield { leaf: next, damage, pageId };
      next += 1;
    }
  }
}
