import { packEntrySize } from "../store/pack-contents.ts";
import { EntrySpool, type SpoolLimits, type SpoolPart, spooledSize } from "./entry-spool.ts";
import { type IndexDatabase, type IndexedPack, usualCacheKiB } from "./index-database.ts";
import { keyOrder } from "./key-order.ts";
import { completePacks, insertRows, type LoadedRow } from "./loaded-rows.ts";
import { SpoolFile } from "./spool-file.ts";

const spoolSuffix = "-spool";
const at = { offset: 32, plain: 36, stored: 40, kind: 44, level: 46, pack: 48, slot: 52 } as const;
const pageKind = 2;
/** Pages are written once, so a cache of them would only take memory from the spool. */
const cacheKiB = 8 * 1024;

/** What a load may be told beside its index. */
export interface KeyOrderLoadOptions {
  readonly limits?: SpoolLimits;
}

/**
 * Takes many packs into an index in the order of their ids, so that each page of its tables is written once: first every pack is
 * added, then the parts are loaded one after another. Until the last one no pack is complete, so an index whose load was
 * cut off is loaded again (I5). Of a record in several packs the one that was added last wins, as with `addPack`.
 */
export class KeyOrderLoad implements Disposable {
  readonly #database: IndexDatabase;
  readonly #file: SpoolFile;
  readonly #spool: EntrySpool;
  readonly #numbers: number[] = [];
  #parts: Generator<SpoolPart> | undefined;

  constructor(database: IndexDatabase, { limits }: KeyOrderLoadOptions = {}) {
    this.#database = database;
    this.#file = new SpoolFile(`${database.path}${spoolSuffix}`);
    this.#spool = new EntrySpool(this.#file, limits);
    database.resizeCache(cacheKiB);
  }

  /** True from the first part on: then nothing can be added any more. */
  get isLoading(): boolean {
    return this.#parts !== undefined;
  }

  /** Spools a pack's records; REPOSITORY_FULL, IO_FAILED. */
  add(pack: IndexedPack): void {
    const absent = new Set(pack.absent);
    const table = Buffer.from(pack.table.buffer, pack.table.byteOffset, pack.table.byteLength);
    const slots = Array.from({ length: table.byteLength / packEntrySize }, (_, slot) => slot).filter(
      (slot) => !absent.has(table.readUInt32LE(slot * packEntrySize + at.offset)),
    );
    const number = this.#database.beginPack(pack, slots.length);
    this.#numbers.push(number);
    const entry = Buffer.alloc(spooledSize);
    entry.writeUInt32LE(number, at.pack);
    for (const slot of slots) {
      entry.set(table.subarray(slot * packEntrySize, (slot + 1) * packEntrySize));
      entry.writeUInt32LE(slot, at.slot);
      this.#spool.add(entry);
    }
  }

  /** Loads the next part in one transaction; after the last one all packs are complete, and it answers false. */
  loadNext(): boolean {
    this.#parts ??= this.#spool.parts();
    const next = this.#parts.next();
    this.#database.transact((connection) => {
      if (next.done === true) completePacks(connection, this.#numbers);
      else insertRows(connection, rowsOf(next.value));
    });
    return next.done !== true;
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.resizeCache(usualCacheKiB);
    this.#file[Symbol.dispose]();
  }
}

function* rowsOf(part: SpoolPart): Generator<LoadedRow> {
  const { entries } = part;
  for (const start of keyOrder(part)) {
    yield {
      kind: entries[start + at.kind] === pageKind ? "page" : "chunk",
      id: entries.subarray(start, start + at.offset),
      pack: entries.readUInt32LE(start + at.pack),
      offset: entries.readUInt32LE(start + at.offset),
      plainLength: entries.readUInt32LE(start + at.plain),
      storedLength: entries.readUInt32LE(start + at.stored),
      slot: entries.readUInt32LE(start + at.slot),
      level: entries[start + at.level] ?? 0,
    };
  }
}
