import { hasCode, HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { equalBytes, idAt, toHex } from "@holdfast/shared/format/content-id";
import { decodePage, type Page } from "@holdfast/shared/format/page";
import { parseRecord } from "@holdfast/shared/format/record";
import { type RecordKind, recordHeaderSize } from "@holdfast/shared/format/record-header";
import type { RepositoryKeys } from "@holdfast/shared/format/repository-keys";
import type { IndexClient } from "../index/index-client.ts";
import type { IndexRow } from "../index/index-database.ts";
import { judgeRecord } from "../ingest/judge-record.ts";
import type { IngestPool } from "../ingest/ingest-pool.ts";
import type { Condemned } from "./condemned.ts";
import { packName } from "./object-names.ts";
import type { ObjectStore } from "./object-store.ts";
import type { PackSet } from "./pack-set.ts";
import { PageCache } from "./page-cache.ts";
import type { RecordLocation, RepositoryFacts } from "./repository-store.ts";

/** What reading records needs. */
export interface StoredRecordsDeps {
  readonly objects: ObjectStore;
  readonly index: IndexClient;
  readonly ingest: IngestPool;
  readonly facts: RepositoryFacts;
  readonly condemned: Condemned;
  /** Brings a reader's index up to date beside an owner that collects; absent for an owner, whose index is. */
  readonly refresh?: ((missingPack: string) => Promise<void>) | undefined;
  readonly keys?: RepositoryKeys | undefined;
}

const cachedPages = 512;

/** Durable records: where they lie and what they are. */
export class StoredRecords {
  readonly #deps: StoredRecordsDeps;
  readonly #pages = new PageCache(cachedPages);

  constructor(deps: StoredRecordsDeps) {
    this.#deps = deps;
  }

  /** Index rows; a record of a condemned pack is absent. */
  async rows(kind: RecordKind, ids: Uint8Array): Promise<readonly (IndexRow | undefined)[]> {
    const rows = await this.#deps.index.lookup(kind, ids);
    return rows.map((row) => (row && this.#deps.condemned.packs.has(row) ? undefined : row));
  }

  /** Packs of what is found are noted in `uses`, in the same step in which they are judged (G6). */
  async locate(kind: RecordKind, ids: Uint8Array, uses?: PackSet): Promise<readonly (RecordLocation | undefined)[]> {
    const rows = await this.#deps.index.lookup(kind, ids);
    return rows.map((row, index) => {
      if (row === undefined || this.#deps.condemned.packs.has(row)) return undefined;
      uses?.add(row);
      const { offset, plain, stored, level } = row;
      const id = Uint8Array.from(idAt(ids, index));
      return { kind, id, pack: packName(row), offset, plainLength: plain, storedLength: stored, level };
    });
  }

  /** A pack that is gone may have been compacted away: then the copy is read (G12). */
  async readAt(location: RecordLocation): Promise<Uint8Array> {
    try {
      return await this.#readOnce(location);
    } catch (caught) {
      if (!hasCode(caught, "CHUNK_MISSING")) throw caught;
      await this.#deps.refresh?.(location.pack);
      const [again] = await this.locate(location.kind, location.id);
      if (again === undefined || again.pack === location.pack) throw caught;
      return await this.#readOnce(again);
    }
  }

  async #readOnce(location: RecordLocation): Promise<Uint8Array> {
    const { pack, offset, storedLength, id, kind } = location;
    const record = await this.#readRange(location, pack, { offset, length: recordHeaderSize + storedLength });
    const { header } = parseRecord(record);
    if (header.kind === kind && equalBytes(header.id, id) && header.repositoryId === this.#deps.facts.repositoryId) {
      return record;
    }
    throw new HoldfastError("CHUNK_DAMAGED", `another record lies where ${kind} ${toHex(id)} should`);
  }

  async readRecord(kind: RecordKind, id: Uint8Array): Promise<Uint8Array> {
    const [location] = await this.locate(kind, id);
    if (location === undefined)
      throw new HoldfastError("CHUNK_MISSING", `${kind} ${toHex(id)} is not in the repository`);
    return await this.readAt(location);
  }

  async readPage(id: Uint8Array): Promise<Page> {
    const cached = this.#pages.get(id);
    if (cached !== undefined) return cached;
    const parsed = parseRecord(await this.readRecord("page", id));
    const { facts, keys } = this.#deps;
    const rules = { ...facts, isEncrypted: facts.encryption !== undefined, keys: keys?.opening };
    const page = decodePage(judgeRecord(parsed, rules) ?? new Uint8Array());
    this.#pages.set(id, page);
    return page;
  }

  /** Reads a record once where it lies and compares it with its id. */
  async verifyAt(location: RecordLocation): Promise<void> {
    await this.#deps.ingest.check(await this.readAt(location));
  }

  /** Reads twice before it calls a record damaged: a slip of memory or cable must not. */
  async verifyRecord(kind: RecordKind, id: Uint8Array): Promise<void> {
    try {
      await this.#readAndCheck(kind, id);
    } catch (caught) {
      if (!(caught instanceof HoldfastError) || caught.code !== "CHUNK_DAMAGED") throw caught;
      await this.#readAndCheck(kind, id);
    }
  }

  /** Forgets a page that became absent, or of whose id another record was stored, whose content nobody here proved. */
  forgetPage(id: Uint8Array): void {
    this.#pages.delete(id);
  }

  /** Forgets pages; for after the index was made anew. */
  forget(): void {
    this.#pages.clear();
  }

  async #readAndCheck(kind: RecordKind, id: Uint8Array): Promise<void> {
    await this.#deps.ingest.check(await this.readRecord(kind, id));
  }

  /** A pack that is gone or too short is missing data, not a failing disk. */
  async #readRange(
    { kind, id }: RecordLocation,
    pack: string,
    range: { readonly offset: number; readonly length: number },
  ): Promise<Uint8Array> {
    try {
      return await this.#deps.objects.getRange(pack, range);
    } catch (caught) {
      if (!(caught instanceof HoldfastError)) throw caught;
      if (caught.code === "NOT_FOUND") {
        throw new HoldfastError("CHUNK_MISSING", `the pack of ${kind} ${toHex(id)} is gone`, { cause: caught });
      }
      if (caught.code === "REPOSITORY_DAMAGED") {
        throw new HoldfastError("CHUNK_MISSING", `the pack of ${kind} ${toHex(id)} is cut short`, { cause: caught });
      }
      throw caught;
    }
  }
}
