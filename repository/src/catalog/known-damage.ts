import { idAt, idCount, idSize, toHex } from "@holdfast/shared/format/content-id";
import { leafCapacity } from "@holdfast/shared/format/page";
import { placeOfChunk } from "@holdfast/shared/format/page-tree";
import type { RecordKind } from "@holdfast/shared/format/record-header";
import type { DamageCode } from "../readings/disk-content.ts";
import { damageOf } from "../readings/disk-content.ts";
import type { MarkedDamage } from "../store/mark.ts";
import { walkLeaves } from "../store/page-walk.ts";
import type { RecordRef, RepositoryReader } from "../store/repository-store.ts";
import type { Catalog } from "./catalog.ts";
import type { CatalogPoint } from "./catalog-point.ts";

/** What is wrong with records of one kind, by id in hexadecimal digits. */
export type DamagedIds = ReadonlyMap<string, DamageCode>;

/** The records that points need and the repository has not got: damaged ones, which are in quarantine, and missing ones (K2). */
export class KnownDamage {
  readonly #ids = { chunk: new Map<string, DamageCode>(), page: new Map<string, DamageCode>() };

  /** Gathers what the marks of points name. */
  static async load(reader: RepositoryReader, catalog: Catalog): Promise<KnownDamage> {
    const known = new KnownDamage();
    for (const point of catalog.list()) {
      for (const range of point.marked.verified?.damaged ?? []) await known.#addRange(reader, point, range);
    }
    return known;
  }

  get size(): number {
    return this.#ids.chunk.size + this.#ids.page.size;
  }

  ids(kind: RecordKind): DamagedIds {
    return this.#ids[kind];
  }

  codeOf({ kind, id }: RecordRef): DamageCode | undefined {
    return this.#ids[kind].get(toHex(id));
  }

  add({ kind, id }: RecordRef, code: DamageCode): void {
    this.#ids[kind].set(toHex(id), code);
  }

  /** It is there again. */
  forget({ kind, id }: RecordRef): void {
    this.#ids[kind].delete(toHex(id));
  }

  async #addRange(reader: RepositoryReader, point: CatalogPoint, range: MarkedDamage): Promise<void> {
    let page: Uint8Array | undefined;
    const readPage: RepositoryReader["readPage"] = (id) => {
      page = id;
      return reader.readPage(id);
    };
    try {
      for await (const id of idsInRange(readPage, point, range)) this.#ids.chunk.set(id, range.code);
    } catch (caught) {
      const code = damageOf(caught);
      if (!code || !page) throw caught;
      this.add({ kind: "page", id: page }, code);
    }
  }
}

function* hexIds(ids: Uint8Array): Generator<string> {
  for (let index = 0; index < idCount(ids); index += 1) yield toHex(idAt(ids, index));
}

async function* idsInRange(
  readPage: RepositoryReader["readPage"],
  point: CatalogPoint,
  { diskId, firstPosition, count }: MarkedDamage,
): AsyncGenerator<string> {
  const tree = point.disks.find((disk) => disk.diskId === diskId)?.tree;
  if (!tree) return;
  const firstLeaf = placeOfChunk(firstPosition).leaf;
  const leaves = placeOfChunk(firstPosition + count - 1).leaf - firstLeaf + 1;
  for await (const { leaf, chunkIds } of walkLeaves({ ...tree, firstLeaf, count: leaves, idsOnly: false }, readPage)) {
    const first = leaf * leafCapacity;
    const from = Math.max(0, firstPosition - first);
    if (chunkIds) yield* hexIds(chunkIds.subarray(from * idSize, (firstPosition + count - first) * idSize));
  }
}
