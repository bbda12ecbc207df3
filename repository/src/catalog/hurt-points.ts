import { idAt, idCount, toHex } from "@holdfast/shared/format/content-id";
import { leafCapacity } from "@holdfast/shared/format/page";
import { pageLength } from "@holdfast/shared/format/page-tree";
import type { DamageCode } from "../readings/disk-content.ts";
import type { MarkedDamage } from "../store/mark.ts";
import type { RepositoryReader } from "../store/repository-store.ts";
import type { CatalogPoint } from "./catalog-point.ts";
import { RangeCollector } from "./disk-range.ts";
import type { DamagedIds } from "./known-damage.ts";
import { eachLeaf } from "./leaves.ts";

/** Leaves without damage that are remembered, so that what points share is looked through once. */
const mostRemembered = 100_000;

/** Finds where points use chunks that are known damaged or missing. One is used for many points: they share most leaves. */
export class DamageSearch {
  readonly #reader: RepositoryReader;
  readonly #damaged: DamagedIds;
  readonly #sound = new Set<string>();

  constructor(reader: RepositoryReader, damaged: DamagedIds) {
    this.#reader = reader;
    this.#damaged = damaged;
  }

  /** The ranges of a point that the damage hurts. */
  async search(point: CatalogPoint, signal?: AbortSignal): Promise<readonly MarkedDamage[]> {
    const found = new RangeCollector<{ readonly code: DamageCode }>((a, b) => a.code === b.code);
    for (const { diskId, tree } of point.disks) {
      if (!tree) continue;
      for await (const leaf of eachLeaf(tree, this.#reader)) {
        signal?.throwIfAborted();
        const first = leaf.leaf * leafCapacity;
        const hits =
          "damage" in leaf ? wholeLeaf(leaf.damage, pageLength(tree.shape, 0, leaf.leaf)) : this.#hitsOf(leaf);
        for (const { slot, code } of hits) found.add(diskId, first + slot, { code });
      }
    }
    return found.ranges;
  }

  #hitsOf({ pageId, chunkIds }: SoundLeaf): readonly Hit[] {
    const page = toHex(pageId);
    if (!chunkIds || this.#sound.has(page)) return [];
    const hits = Array.from({ length: idCount(chunkIds) }, (_, slot) => slot).flatMap((slot) => {
      const code = this.#damaged.get(toHex(idAt(chunkIds, slot)));
      return code ? [{ slot, code }] : [];
    });
    if (hits.length === 0 && this.#sound.size < mostRemembered) this.#sound.add(page);
    return hits;
  }
}

interface Hit {
  readonly slot: number;
  readonly code: DamageCode;
}

interface SoundLeaf {
  readonly pageId: Uint8Array;
  readonly chunkIds: Uint8Array | undefined;
}

const wholeLeaf = (code: DamageCode, length: number): Hit[] => Array.from({ length }, (_, slot) => ({ slot, code }));
