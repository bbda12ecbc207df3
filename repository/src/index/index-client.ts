import type { RecordKind } from "@holdfast/shared/format/record-header";
import { sibling } from "@holdfast/shared/threads/sibling";
import type { Thread } from "@holdfast/shared/threads/thread";
import { WorkerThread } from "@holdfast/shared/threads/worker-thread";
import type { PackKey } from "../store/object-names.ts";
import type { PackSummary } from "../store/pack-reader.ts";
import type { IndexCalls } from "./index-calls.ts";
import type { DroppedRecord, IndexCounts, IndexHistory, IndexRow, KnownPack } from "./index-database.ts";
import { decodeRows } from "./index-rows.ts";

/** Starts the thread that owns an index. */
export const startIndexThread = (): Thread<IndexCalls> =>
  new WorkerThread<IndexCalls>(sibling(import.meta, "index-worker"), { ending: "finish" });

/** The index as the main thread sees it: everything happens in a thread of its own. */
export class IndexClient implements AsyncDisposable {
  /** The history that the file had followed when it was opened. */
  readonly history: IndexHistory | undefined;
  readonly #thread: Thread<IndexCalls>;
  /** Lookups wait for it: while the index is being made anew, "not there" would be a lie. */
  #usable: Promise<void> = Promise.resolve();

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

  async reset(): Promise<void> {
    await this.#thread.call("reset", undefined);
  }

  /** Starts from nothing and lets `refill` bring it up to date; when that fails, every later lookup does. */
  async rebuild(refill: () => Promise<unknown>): Promise<void> {
    this.#usable = this.#refillWith(refill);
    await this.#usable;
  }

  async setHistory(history: IndexHistory): Promise<void> {
    await this.#thread.call("setHistory", history);
  }

  /** Packs that are wholly indexed. */
  async knownPacks(): Promise<readonly PackKey[]> {
    const flat = await this.#thread.call("knownPacks", undefined);
    return Array.from({ length: flat.length / 2 }, (_, index) => ({
      epoch: flat[index * 2] ?? 0,
      sequence: flat[index * 2 + 1] ?? 0,
    }));
  }

  /** Takes in a pack that is durable (I4), without the records at `absent` offsets. */
  async addPack({ header, sizeBytes, table }: PackSummary, absent: readonly number[] = []): Promise<void> {
    const { epoch, sequence, kind, createdMs } = header;
    await this.#thread.call("addPack", { epoch, sequence, kind, sizeBytes, createdMs, table, absent });
  }

  /** Packs that are wholly indexed, oldest first. */
  async writtenPacks(): Promise<readonly KnownPack[]> {
    return await this.#thread.call("writtenPacks", undefined);
  }

  /** Forgets records at their places: they are absent from here on. */
  async dropRecords(records: readonly DroppedRecord[]): Promise<void> {
    await this.#thread.call("dropRecords", records);
  }

  /** Forgets packs that are gone, with their records. */
  async dropPacks(packs: readonly PackKey[]): Promise<void> {
    await this.#thread.call("dropPacks", packs);
  }

  /** What the index says of a pack's records of a kind; scans the whole table. */
  async recordsOf(pack: PackKey, kind: RecordKind): Promise<readonly DroppedRecord[]> {
    return await this.#thread.call("recordsOf", { ...pack, kind });
  }

  /** In the order of `ids`. */
  async lookup(kind: RecordKind, ids: Uint8Array): Promise<readonly (IndexRow | undefined)[]> {
    await this.#usable;
    return decodeRows(await this.#thread.call("lookup", { kind, ids: new Uint8Array(ids) }));
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
