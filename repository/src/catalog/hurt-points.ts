import { idAt, idCount, isZeroId, toHex } from "@holdfast/shared/format/content-id";
import { leafCapacity, nodeCapacity } from "@holdfast/shared/format/page";
import { pageLength, rootLevel, leafCount, type TreeShape } from "@holdfast/shared/format/page-tree";
import { type DamageCode, damageOf } from "../readings/disk-content.ts";
import type { MarkedDamage } from "../store/mark.ts";
import { checkPlace } from "../store/page-walk.ts";
import type { RepositoryReader } from "../store/repository-store.ts";
import type { CatalogPoint } from "./catalog-point.ts";
import { RangeCollector } from "./disk-range.ts";
import type { KnownDamage } from "./known-damage.ts";

/** Pages without damage below them that are remembered, so that what points share is looked through once. */
const mostRemembered = 200_000;

interface Place {
  readonly diskId: string;
  readonly shape: TreeShape;
  readonly level: number;
  readonly index: number;
}

/**
 * Finds where points use chunks that are damaged or missing, and pages that cannot be read. One is used for many points: they
 * share most pages, and each is looked through once.
 */
export class DamageSearch {
  readonly #reader: RepositoryReader;
  readonly #damage: KnownDamage;
  /** By id, how many ids it lists and at which level: elsewhere the same page may not fit. */
  readonly #sound = new Map<string, string>();

  constructor(reader: RepositoryReader, damage: KnownDamage) {
    this.#reader = reader;
    this.#damage = damage;
  }

  /** The ranges of a point that the damage hurts. */
  async search(point: CatalogPoint, signal?: AbortSignal): Promise<readonly MarkedDamage[]> {
    const found = new RangeCollector<{ readonly code: DamageCode }>((a, b) => a.code === b.code);
    for (const { diskId, tree } of point.disks) {
      if (!tree || leafCount(tree.shape) === 0) continue;
      const level = rootLevel(tree.shape);
      await this.#look({ diskId, shape: tree.shape, level, index: 0 }, tree.root, { found, signal });
    }
    return found.ranges;
  }

  /** True when nothing below is damaged. */
  async #look(place: Place, id: Uint8Array, looking: Looking): Promise<boolean> {
    if (isZeroId(id)) return true;
    const { shape, level, index } = place;
    const kind = `${level}/${pageLength(shape, level, index)}`;
    if (this.#sound.get(toHex(id)) === kind) return true;
    looking.signal?.throwIfAborted();
    let isSound: boolean;
    try {
      const { ids } = checkPlace(await this.#reader.readPage(id), shape, level, index);
      isSound = level === 0 ? this.#lookAtChunks(place, ids, looking) : await this.#lookBelow(place, ids, looking);
    } catch (caught) {
      const code = damageOf(caught);
      if (!code) throw caught;
      addAllBelow(place, this.#damage.codeOf({ kind: "page", id }) ?? code, looking);
      return false;
    }
    if (isSound && this.#sound.size < mostRemembered) this.#sound.set(toHex(id), kind);
    return isSound;
  }

  async #lookBelow(place: Place, ids: Uint8Array, looking: Looking): Promise<boolean> {
    let isSound = true;
    for (let slot = 0; slot < idCount(ids); slot += 1) {
      const below = { ...place, level: place.level - 1, index: place.index * nodeCapacity + slot };
      isSound = (await this.#look(below, idAt(ids, slot), looking)) && isSound;
    }
    return isSound;
  }

  #lookAtChunks({ diskId, index }: Place, ids: Uint8Array, { found }: Looking): boolean {
    const damaged = this.#damage.ids("chunk");
    let isSound = true;
    for (let slot = 0; slot < idCount(ids); slot += 1) {
      const code = damaged.get(toHex(idAt(ids, slot)));
      if (!code) continue;
      isSound = false;
      found.add(diskId, index * leafCapacity + slot, { code });
    }
    return isSound;
  }
}

interface Looking {
  readonly found: RangeCollector<{ readonly code: DamageCode }>;
  readonly signal: AbortSignal | undefined;
}

/** Every position under a page that cannot be read. */
const addAllBelow = ({ diskId, shape, level, index }: Place, code: DamageCode, { found }: Looking): void => {
  const leaves = nodeCapacity ** level;
  const end = Math.min((index + 1) * leaves, leafCount(shape));
  for (let leaf = index * leaves; leaf < end; leaf += 1) {
    const count = pageLength(shape, 0, leaf);
    for (let slot = 0; slot < count; slot += 1) found.add(diskId, leaf * leafCapacity + slot, { code });
  }
};
