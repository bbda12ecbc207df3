import Database, { type Database as Connection, SqliteError, type Statement } from "better-sqlite3";
import { idAt, idCount } from "@holdfast/shared/format/content-id";
import type { RecordKind } from "@holdfast/shared/format/record-header";
import type { PackKey, RecordPlace } from "../store/object-names.ts";
import { isUnreadable, toIndexError } from "./index-error.ts";
import { refuseForeign, removeIndexFiles } from "./index-files.ts";
import { dropSql, insertSql, lookupSql, schema, schemaVersion } from "./index-sql.ts";
import { inBatches, slotted, type SlottedEntry, tableOf } from "./pack-entries.ts";
import type { PackRow } from "./pack-rows.ts";
import { addStanding, readStanding, type StandFor } from "./standing-table.ts";

/** A pack as the index is told of it. */
export interface IndexedPack extends PackKey {
  readonly kind: RecordKind;
  readonly sizeBytes: number;
  readonly createdMs: number;
  /** Its table of contents, checked. */
  readonly table: Uint8Array;
  /** Offsets of its records that are in quarantine: they get no row. */
  readonly absent?: readonly number[];
}

/** A record whose row goes: it is dropped only while the row names this very place. */
export interface DroppedRecord extends RecordPlace {
  readonly kind: RecordKind;
  readonly id: Uint8Array;
}

/** Which history of the repository an index has followed: its owner's epoch and that epoch's token. */
export interface IndexHistory {
  readonly epoch: number;
  readonly token: string;
}

/** What is known of a record; `epoch` and `sequence` name its pack. */
export interface IndexRow {
  readonly epoch: number;
  readonly sequence: number;
  readonly offset: number;
  readonly plain: number;
  readonly stored: number;
  readonly level: number;
  /** Its place in the pack's table of contents, from 0. */
  readonly slot: number;
}

/** Sums over all packs. */
export interface IndexCounts {
  readonly packs: number;
  readonly packBytes: number;
  readonly chunks: number;
  readonly pages: number;
}

/** What SQLite keeps of the file in memory. */
export const usualCacheKiB = 64 * 1024;

/** The index's SQLite file. A cache: an unreadable one, or one of another schema or repository, is thrown away. Blocks. */
export class IndexDatabase implements Disposable {
  readonly path: string;
  readonly #repositoryId: string;
  #connection: Connection;
  #lookups: Readonly<Record<RecordKind, Statement>>;

  constructor(path: string, repositoryId: string) {
    this.path = path;
    this.#repositoryId = repositoryId;
    this.#connection = this.#openUsable();
    this.#lookups = prepareLookups(this.#connection);
  }

  /** False after it was given up or closed. */
  get isOpen(): boolean {
    return this.#connection.open;
  }

  /** Starts from nothing. */
  reset(): void {
    this.#connection.close();
    removeIndexFiles(this.path);
    this.#connection = this.#create();
    this.#lookups = prepareLookups(this.#connection);
  }

  /** The history it followed last; undefined for a new one. */
  history(): IndexHistory | undefined {
    const text = readMeta(this.#connection, "history");
    const [epoch, token] = text?.split(":") ?? [];
    return epoch === undefined || token === undefined ? undefined : { epoch: Number(epoch), token };
  }

  setHistory({ epoch, token }: IndexHistory): void {
    writeMeta(this.#connection, "history", `${epoch}:${token}`);
  }

  /** Every pack that has a row, also those that are indexed in part. */
  packs(): readonly PackRow[] {
    const sql =
      "SELECT epoch, sequence, kind, bytes AS sizeBytes, records, complete AS isComplete, created AS createdMs FROM packs";
    const rows = this.#connection.prepare(sql).all() as readonly (Omit<PackRow, "isComplete"> & {
      isComplete: number;
    })[];
    return rows.map((row) => ({ ...row, isComplete: row.isComplete === 1 }));
  }

  /**
   * Takes a pack's records in, in transactions of at most 1,000 rows; the last one says that it is complete (I5). A record that
   * another pack holds too is from now on found in this one.
   */
  addPack(pack: IndexedPack): void {
    const absent = new Set(pack.absent);
    const entries = slotted(pack.table).filter(({ offset }) => !absent.has(offset));
    const number = this.beginPack(pack, entries.length);
    const insert = this.#connection.prepare(insertSql[pack.kind]);
    const complete = this.#connection.prepare("UPDATE packs SET complete = 1 WHERE number = ?");
    const addBatch = this.#connection.transaction((batch: readonly SlottedEntry[], last: boolean) => {
      for (const { id, offset, plainLength, storedLength, level, slot } of batch) {
        const common = [id, number, offset, plainLength, storedLength, slot] as const;
        if (pack.kind === "page") insert.run(...common, level);
        else insert.run(...common);
      }
      if (last) complete.run(number);
    });
    inBatches(entries, addBatch);
  }

  resizeCache(kib: number): void {
    this.#connection.pragma(`cache_size = -${kib}`);
  }

  /** Runs one transaction of a load in key order (`loaded-rows.ts`). */
  transact(work: (connection: Connection) => void): void {
    this.#connection.transaction(work)(this.#connection);
  }

  /** Forgets a pack and the records that are found in it, by its table of contents; others that it holds stay as they are. */
  dropPack(pack: IndexedPack): void {
    const number = this.#connection.prepare("SELECT number FROM packs WHERE epoch = ? AND sequence = ?").pluck();
    const found = number.get(pack.epoch, pack.sequence);
    if (found === undefined) return;
    const remove = this.#connection.prepare(`DELETE FROM ${tableOf[pack.kind]} WHERE id = ? AND pack = ?`);
    const forget = this.#connection.prepare("DELETE FROM packs WHERE number = ?");
    const dropBatch = this.#connection.transaction((batch: readonly SlottedEntry[], last: boolean) => {
      for (const { id } of batch) remove.run(id, found);
      if (last) forget.run(found);
    });
    inBatches(slotted(pack.table), dropBatch);
  }

  /** The same for packs whose tables of contents are gone: by one scan of all records. */
  dropPacks(keys: readonly PackKey[]): void {
    const dropAll = this.#connection.transaction(() => {
      const mark = this.#connection.prepare("UPDATE packs SET complete = 2 WHERE epoch = ? AND sequence = ?");
      for (const { epoch, sequence } of keys) mark.run(epoch, sequence);
      for (const table of Object.values(tableOf))
        this.#connection.exec(`DELETE FROM ${table} WHERE pack IN (SELECT number FROM packs WHERE complete = 2)`);
      this.#connection.exec("DELETE FROM packs WHERE complete = 2");
    });
    dropAll();
  }

  /** Forgets records where they lie; what has a row of another place by now keeps it. */
  dropRecords(records: readonly DroppedRecord[]): void {
    const drops = { chunk: this.#connection.prepare(dropSql.chunk), page: this.#connection.prepare(dropSql.page) };
    const dropAll = this.#connection.transaction(() => {
      for (const { kind, id, epoch, sequence, offset } of records) drops[kind].run(id, offset, epoch, sequence);
    });
    dropAll();
  }

  /** Where records of a pack lie by the rows of a kind, in one scan: for a pack that cannot tell itself any more. */
  recordsOf({ epoch, sequence }: PackKey, kind: RecordKind): readonly DroppedRecord[] {
    const sql = `SELECT id, offset FROM ${tableOf[kind]}
      WHERE pack = (SELECT number FROM packs WHERE epoch = ? AND sequence = ?) ORDER BY offset`;
    const rows = this.#connection.prepare(sql).all(epoch, sequence) as readonly Pick<DroppedRecord, "id" | "offset">[];
    return rows.map(({ id, offset }) => ({ kind, id, epoch, sequence, offset }));
  }

  /** Rows in the order of `ids`; looked up in key order so that neighbours share reads. */
  lookup(kind: RecordKind, ids: Uint8Array): readonly (IndexRow | undefined)[] {
    const order = Array.from({ length: idCount(ids) }, (_, index) => index);
    order.sort((a, b) => Buffer.compare(idAt(ids, a), idAt(ids, b)));
    const rows = Array.from<IndexRow | undefined>({ length: order.length });
    const statement = this.#lookups[kind];
    for (const index of order) rows[index] = statement.get(idAt(ids, index)) as IndexRow | undefined;
    return rows;
  }

  /** Chunk ids after one, in key order; for filling the filter slice by slice. */
  chunkIdsAfter(id: Uint8Array, limit: number): readonly Uint8Array[] {
    const statement = this.#connection.prepare("SELECT id FROM chunks WHERE id > ? ORDER BY id LIMIT ?").pluck();
    return statement.all(id, limit) as readonly Uint8Array[];
  }

  addStanding(what: StandFor): void {
    addStanding(this.#connection, what);
  }

  readStanding(ids: Uint8Array, vm: string): Uint8Array {
    return readStanding(this.#connection, ids, vm);
  }

  counts(): IndexCounts {
    const sums = `SELECT count(*) AS packs, coalesce(sum(bytes), 0) AS packBytes,
      coalesce(sum(records) FILTER (WHERE kind = 'chunk'), 0) AS chunks,
      coalesce(sum(records) FILTER (WHERE kind = 'page'), 0) AS pages FROM packs WHERE complete = 1`;
    return this.#connection.prepare(sums).get() as IndexCounts;
  }

  /**
   * Runs work on it; what SQLite throws becomes REPOSITORY_FULL or IO_FAILED. A file that proves to be damaged is thrown away
   * at once, so that the next start makes a new one.
   */
  use<Value>(work: (database: this) => Value): Value {
    try {
      return work(this);
    } catch (caught) {
      if (isUnreadable(caught)) this.#giveUp();
      if (caught instanceof SqliteError || !this.#connection.open) throw toIndexError(caught, this.path);
      throw caught;
    }
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }

  #giveUp(): void {
    this.#connection.close();
    removeIndexFiles(this.path);
  }

  /** Gives the number under which rows name the pack; the same again for a pack that was indexed in part. */
  beginPack({ epoch, sequence, kind, sizeBytes, createdMs }: IndexedPack, records: number): number {
    const sql = `INSERT INTO packs (epoch, sequence, kind, bytes, records, complete, created) VALUES (?, ?, ?, ?, ?, 0, ?)
      ON CONFLICT (epoch, sequence) DO UPDATE SET bytes = excluded.bytes RETURNING number`;
    const number = this.#connection.prepare(sql).pluck().get(epoch, sequence, kind, sizeBytes, records, createdMs);
    return Number(number);
  }

  #openUsable(): Connection {
    refuseForeign(this.path);
    try {
      const connection = openConnection(this.path);
      if (isOurs(connection, this.#repositoryId)) return connection;
      connection.close();
    } catch (caught) {
      if (!isUnreadable(caught)) throw toIndexError(caught, this.path);
    }
    removeIndexFiles(this.path);
    return this.#create();
  }

  #create(): Connection {
    try {
      const connection = openConnection(this.path);
      connection.exec(schema);
      writeMeta(connection, "repository", this.#repositoryId);
      return connection;
    } catch (caught) {
      throw toIndexError(caught, this.path);
    }
  }
}

const openConnection = (path: string): Connection => {
  const connection = new Database(path, { timeout: 10_000 });
  try {
    connection.pragma("journal_mode = WAL");
    connection.pragma("synchronous = NORMAL");
    connection.pragma(`cache_size = -${usualCacheKiB}`);
    return connection;
  } catch (caught) {
    connection.close();
    throw caught;
  }
};

const prepareLookups = (connection: Connection): Readonly<Record<RecordKind, Statement>> => ({
  chunk: connection.prepare(lookupSql.chunk),
  page: connection.prepare(lookupSql.page),
});

const readMeta = (connection: Connection, key: string): string | undefined =>
  connection.prepare("SELECT value FROM meta WHERE key = ?").pluck().get(key) as string | undefined;

const writeMeta = (connection: Connection, key: string, value: string): void => {
  connection.prepare("INSERT OR REPLACE INTO meta VALUES (?, ?)").run(key, value);
};

const isOurs = (connection: Connection, repositoryId: string): boolean =>
  connection.pragma("user_version", { simple: true }) === schemaVersion &&
  readMeta(connection, "repository") === repositoryId;

/** The path of an index that is kept in memory. */
export const inMemory = ":memory:";
