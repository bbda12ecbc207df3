import type { RecordKind } from "@holdfast/shared/format/record-header";
import { sibling } from "@holdfast/shared/threads/sibling";
import type { Thread } from "@holdfast/shared/threads/thread";
import { WorkerThread } from "@holdfast/shared/threads/worker-thread";
import type { PackKey } from "../store/object-names.ts";
import type { PackSummary } from "../store/pack-reader.ts";
import type { IndexCalls } from "./index-calls.ts";
import type { DroppedRecord, IndexCounts, IndexedPack, IndexHistory, IndexRow } from "./index-database.ts";
import { decodeRows } from "./index-rows.ts";
import { decodePacks, type PackRow } from "./pack-rows.ts";
import type { StandFor } from "./standing-table.ts";

/** Starts the thread that owns an index. */
export const startIndexThread = (): Thread<IndexCalls> =>
  new WorkerThread<IndexCalls>(sibling(import.meta, "index-worker"), { ending: "finish" });

const toIndexed = ({ header, sizeBytes, table }: PackSummary): IndexedPack => {
  const { epoch, sequence, kind, createdMs } = header;
  return { epoch, sequence, kind, sizeBytes, createdMs, table };
};

/** The index as the main thread sees it: everything happens in a thread of its own. */
export class IndexClient implements AsyncDisposable {
  /** The history that the file had followed when it was opened. */
  readonly history: IndexHistory | undefined;
  readonly #thread: Thread<IndexCalls>;
  /** Lookups wait for it: while the index is being made anew, "not there" would be a lie. */
  #usable: Promise<void> = Promise.resolve();
  #generation = 0;

  private constructor(thread: Thread<IndexCalls>, history: IndexHistory | undefined) {
    this.#thread = thread;
    this.history = history;
  }

  /** Opens or makes the file; IO_FAILED when it cannot be used at all. */
  static async open(path: string, repositoryId: string, thread = startIndexThread()): Promise<IndexClient> {
    try {
      return new IndexClient(thread, await thread.call("open", { path, repositoryId }));
    } catch (caught) {
      await thread[Symbol.asyncDispose]();
      throw caught;
    }
  }

  /** Another number when the index was made anew meanwhile: of several records of one id it may name another one. */
  get generation(): number {
    return this.#generation;
  }

  async reset(): Promise<void> {
    await this.#thread.call("reset", undefined);
  }

  /** Starts from nothing and lets `refill` bring it up to date; when that fails, every later lookup does. */
  async rebuild(refill: () => Promise<unknown>): Promise<void> {
    this.#generation += 1;
    this.#usable = this.#refillWith(refill);
    await this.#usable;
  }

  async setHistory(history: IndexHistory): Promise<void> {
    await this.#thread.call("setHistory", history);
  }

  /** Packs that have a row, wholly indexed or not. */
  async packs(): Promise<readonly PackRow[]> {
    return decodePacks(await this.#thread.call("packs", undefined));
  }

  /** Takes in a pack that is durable (I4), without the records at `absent` offsets. */
  async addPack(summary: PackSummary, absent: readonly number[] = []): Promise<void> {
    await this.#thread.call("addPack", { ...toIndexed(summary), absent });
  }

  /**
   * Runs `addAll`, and takes in what `addPack` is given meanwhile when it is over, in key order (`KeyOrderLoad`): for many packs.
   * When it fails, packs that were added are not complete.
   */
  async loadInKeyOrder(addAll: () => Promise<void>, signal?: AbortSignal): Promise<void> {
    await this.#thread.call("beginLoad", undefined);
    try {
      await addAll();
      while (await this.#thread.call("loadNext", undefined)) signal?.throwIfAborted();
    } finally {
      await this.#thread.call("endLoad", undefined);
    }
  }

  /** Forgets a pack and the records that are found in it. */
  async dropPack(summary: PackSummary): Promise<void> {
    await this.#thread.call("dropPack", toIndexed(summary));
  }

  /** The same for packs whose tables of contents cannot be read: one scan of everything. */
  async dropPacks(keys: readonly PackKey[]): Promise<void> {
    if (keys.length > 0) await this.#thread.call("dropPacks", keys);
  }

  /** Forgets records at their places: they are absent from here on. */
  async dropRecords(records: readonly DroppedRecord[]): Promise<void> {
    await this.#thread.call("dropRecords", records);
  }

  /** What the index says of a pack's records of a kind; scans the whole table. */
  async recordsOf({ epoch, sequence }: PackKey, kind: RecordKind): Promise<readonly DroppedRecord[]> {
    return await this.#thread.call("recordsOf", { epoch, sequence, kind });
  }

  /** In the order of `ids`. */
  async lookup(kind: RecordKind, ids: Uint8Array): Promise<readonly (IndexRow | undefined)[]> {
    await this.#usable;
    return decodeRows(await this.#thread.call("lookup", { kind, ids: new Uint8Array(ids) }));
  }

  /** Notes that a VM stands for ids. */
  async addStanding(what: StandFor): Promise<void> {
    await this.#thread.call("addStanding", { ...what, ids: new Uint8Array(what.ids) });
  }

  /** In the order of `ids`: whether this VM may rely on them. */
  async readStanding(ids: Uint8Array, vm: string): Promise<readonly boolean[]> {
    const found = await this.#thread.call("readStanding", { ids: new Uint8Array(ids), vm });
    return Array.from(found, (one) => one === 1);
  }

  async counts(): Promise<IndexCounts> {
    return await this.#thread.call("counts", undefined);
  }

  async #refillWith(refill: () => Promise<unknown>): Promise<void> {
    await this.reset();
    await refill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread[Symbol.asyncDispose]();
  }
}
