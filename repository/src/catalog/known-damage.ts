import { idAt, idCount, idSize, toHex } from "@holdfast/shared/format/content-id";
import { leafCapacity } from "@holdfast/shared/format/page";
import { placeOfChunk } from "@holdfast/shared/format/page-tree";
import type { DamageCode } from "../readings/disk-content.ts";
import { damageOf } from "../readings/disk-content.ts";
import type { MarkedDamage } from "../store/mark.ts";
import { walkLeaves } from "../store/page-walk.ts";
import type { RepositoryReader } from "../store/repository-store.ts";
import type { Catalog } from "./catalog.ts";
import type { CatalogPoint } from "./catalog-point.ts";

/** What is wrong with chunks, by id in hexadecimal digits. */
export type DamagedIds = ReadonlyMap<string, DamageCode>;

/** The chunks that verifications found damaged or missing; a point that uses one is hurt, also a later one (K2). */
export class KnownDamage {
  readonly #byPoint = new Map<string, DamagedIds>();

  /** Gathers the chunks that the marks of points name. */
  static async load(reader: RepositoryReader, catalog: Catalog): Promise<KnownDamage> {
    const known = new KnownDamage();
    for (const point of catalog.list()) {
      const damaged = point.marked.verified?.damaged ?? [];
      if (damaged.length > 0) known.set(point.pointId, await idsOf(reader, point, damaged));
    }
    return known;
  }

  /** What is now known of a point's chunks, in place of what was known of them. */
  set(pointId: string, ids: DamagedIds): void {
    if (ids.size === 0) this.#byPoint.delete(pointId);
    else this.#byPoint.set(pointId, ids);
  }

  /** All of it. */
  get ids(): DamagedIds {
    return new Map([...this.#byPoint.values()].flatMap((ids) => [...ids]));
  }
}

const idsOf = async (
  reader: RepositoryReader,
  point: CatalogPoint,
  damaged: readonly MarkedDamage[],
): Promise<DamagedIds> => {
  const ids = new Map<string, DamageCode>();
  for (const range of damaged) {
    for await (const id of idsInRange(reader, point, range)) ids.set(id, range.code);
  }
  return ids;
};

function* hexIds(ids: Uint8Array): Generator<string> {
  for (let index = 0; index < idCount(ids); index += 1) yield toHex(idAt(ids, index));
}

async function* idsInRange(
  reader: RepositoryReader,
  point: CatalogPoint,
  { diskId, firstPosition, count }: MarkedDamage,
): AsyncGenerator<string> {
  const tree = point.disks.find((disk) => disk.diskId === diskId)?.tree;
  if (!tree) return;
  const firstLeaf = placeOfChunk(firstPosition).leaf;
  const leaves = placeOfChunk(firstPosition + count - 1).leaf - firstLeaf + 1;
  try {
    for await (const { leaf, chunkIds } of walkLeaves({ ...tree, firstLeaf, count: leaves, idsOnly: false }, (id) =>
      reader.readPage(id),
    )) {
      const first = leaf * leafCapacity;
      const from = Math.max(0, firstPosition - first);
      if (chunkIds) yield* hexIds(chunkIds.subarray(from * idSize, (firstPosition + count - first) * idSize));
    }
  } catch (caught) {
    // A page that cannot be read tells no ids; whoever uses the page finds out by itself.
    if (!damageOf(caught)) throw caught;
  }
}
