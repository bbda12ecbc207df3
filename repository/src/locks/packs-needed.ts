import { idAt, idCount, isZeroId, toHex } from "@holdfast/shared/format/content-id";
import type { Page } from "@holdfast/shared/format/page";
import { leafCount } from "@holdfast/shared/format/page-tree";
import type { RecordKind } from "@holdfast/shared/format/record-header";
import type { CatalogPoint, DiskTree } from "../catalog/catalog-point.ts";
import { damageOf } from "../readings/disk-content.ts";
import { walkLeaves } from "../store/page-walk.ts";
import type { RepositoryReader } from "../store/repository-store.ts";

/**
 * Which packs points need, and until when. Points are given in descending order of their time: then a page that was seen
 * says nothing new. What is damaged or missing is passed over.
 */
export class PacksNeeded {
  readonly byPack = new Map<string, number>();
  readonly #reader: RepositoryReader;
  readonly #seen = new Set<string>();

  constructor(reader: RepositoryReader) {
    this.#reader = reader;
  }

  /** Adds every pack that a page or chunk of the point lies in. */
  async add({ disks }: CatalogPoint, untilMs: number, signal?: AbortSignal): Promise<void> {
    for (const { tree } of disks) if (tree) await unlessDamaged(() => this.#addTree(tree, untilMs, signal));
  }

  async #addTree(tree: DiskTree, untilMs: number, signal: AbortSignal | undefined): Promise<void> {
    const all = { ...tree, firstLeaf: 0, count: leafCount(tree.shape), idsOnly: true };
    for await (const { pageId } of walkLeaves(all, (id) => this.#readPage(id, untilMs))) {
      signal?.throwIfAborted();
      if (isZeroId(pageId) || this.#seen.has(toHex(pageId))) continue;
      const leaf = await unlessDamaged(() => this.#readPage(pageId, untilMs));
      if (leaf) await this.#addRecords("chunk", leaf.ids, untilMs);
    }
  }

  async #readPage(id: Uint8Array, untilMs: number): Promise<Page> {
    const key = toHex(id);
    if (!this.#seen.has(key)) await this.#addRecords("page", id, untilMs);
    this.#seen.add(key);
    return await this.#reader.readPage(id);
  }

  async #addRecords(kind: RecordKind, ids: Uint8Array, untilMs: number): Promise<void> {
    const stored = Array.from({ length: idCount(ids) }, (_, index) => idAt(ids, index)).filter((id) => !isZeroId(id));
    for (const location of await this.#reader.locate(kind, Buffer.concat(stored))) {
      if (location) this.byPack.set(location.pack, Math.max(untilMs, this.byPack.get(location.pack) ?? 0));
    }
  }
}

const unlessDamaged = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await work();
  } catch (caught) {
    if (!damageOf(caught)) throw caught;
    return undefined;
  }
};
