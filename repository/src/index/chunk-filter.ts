import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { idAt, idCount, idSize } from "@holdfast/shared/format/content-id";
import { decodeTable } from "../store/pack-contents.ts";
import { BloomFilter } from "./bloom-filter.ts";
import type { IndexDatabase, IndexRow } from "./index-database.ts";

const smallestCapacity = 1 << 20;
const sliceRows = 20_000;

/**
 * The Bloom filter in front of the chunk table. It is filled from the table in slices between calls; until it is whole it
 * answers "maybe" to everything. When the table outgrows it, a larger one is filled.
 */
export class ChunkFilter implements Disposable {
  readonly #database: IndexDatabase;
  #filter: BloomFilter;
  #added = 0;
  #filledTo: Uint8Array | undefined = new Uint8Array(0);
  #stopped = false;

  constructor(database: IndexDatabase) {
    this.#database = database;
    this.#filter = this.#startFilling();
  }

  /** True when it holds every chunk of the table. */
  get whole(): boolean {
    return this.#filledTo === undefined;
  }

  /** Rows in the order of `ids`; ids that are certainly absent never reach the table. */
  lookup(ids: Uint8Array): readonly (IndexRow | undefined)[] {
    if (!this.whole) return this.#database.lookup("chunk", ids);
    const count = idCount(ids);
    const maybe: number[] = [];
    for (let index = 0; index < count; index += 1) if (this.#filter.mayHave(idAt(ids, index))) maybe.push(index);
    const asked = new Uint8Array(maybe.length * idSize);
    maybe.forEach((index, place) => {
      asked.set(idAt(ids, index), place * idSize);
    });
    const found = this.#database.lookup("chunk", asked);
    const rows = Array.from<IndexRow | undefined>({ length: count });
    maybe.forEach((index, place) => {
      rows[index] = found[place];
    });
    return rows;
  }

  /** Adds the chunks of a pack that the table has taken in. */
  addTable(table: Uint8Array): void {
    for (const { id } of decodeTable(table)) {
      this.#filter.add(id);
      this.#added += 1;
    }
    if (this.#added > this.#filter.capacity) this.#filter = this.#startFilling();
  }

  /** Fills no further; for closing. */
  [Symbol.dispose](): void {
    this.#stopped = true;
  }

  #startFilling(): BloomFilter {
    const { chunks } = this.#database.counts();
    this.#added = chunks;
    const wasIdle = this.#filledTo === undefined || this.#filledTo.byteLength === 0;
    this.#filledTo = new Uint8Array(idSize);
    if (wasIdle) this.#schedule();
    return new BloomFilter(Math.max(smallestCapacity, chunks * 2));
  }

  #schedule(): void {
    setImmediate(() => {
      this.#fillSlice();
    });
  }

  /** Undefined when the index cannot be read: then the filter stays unused, and the next lookup says what is wrong. */
  #nextSlice(after: Uint8Array): readonly Uint8Array[] | undefined {
    try {
      return this.#database.use((database) => database.chunkIdsAfter(after, sliceRows));
    } catch (caught) {
      if (caught instanceof HoldfastError) return undefined;
      throw caught;
    }
  }

  #fillSlice(): void {
    if (this.#stopped || this.#filledTo === undefined) return;
    const ids = this.#nextSlice(this.#filledTo);
    if (ids === undefined) return;
    for (const id of ids) this.#filter.add(id);
    this.#filledTo = ids.length < sliceRows ? undefined : ids.at(-1);
    if (this.#filledTo !== undefined) this.#schedule();
  }
}
