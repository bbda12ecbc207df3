import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { decodeRecordHeader } from "@holdfast/shared/format/record-header";
import { sibling } from "@holdfast/shared/threads/sibling";
import type { Thread } from "@holdfast/shared/threads/thread";
import { WorkerThread } from "@holdfast/shared/threads/worker-thread";
import type { CheckedRecord } from "./checked-record.ts";
import type { CheckAnswer, IngestCalls } from "./ingest-calls.ts";
import type { RecordRules } from "./judge-record.ts";

/** What records are compared with, and by how many threads. */
export interface IngestPoolOptions extends RecordRules {
  readonly threads: number;
  /** Worker threads unless set. */
  readonly startThread?: () => Thread<IngestCalls>;
}

/** Starts a thread that checks records. */
export const startIngestThread = (): Thread<IngestCalls> =>
  new WorkerThread<IngestCalls>(sibling(import.meta, "ingest-worker"), { ending: "finish" });

/** Threads that check records. How many records wait here is bounded by those who hand them in. */
export class IngestPool implements AsyncDisposable {
  readonly #threads: readonly Thread<IngestCalls>[];
  readonly #options: IngestPoolOptions;

  constructor(options: IngestPoolOptions) {
    this.#options = options;
    this.#threads = Array.from({ length: options.threads }, options.startThread ?? startIngestThread);
  }

  /**
   * Proves that a record is what its header and id say. Takes over the memory of `record` when it is alone in its buffer.
   * CHUNK_DAMAGED, REPOSITORY_MISMATCH, SCHEMA_TOO_NEW, FEATURE_UNSUPPORTED.
   */
  async check(record: Uint8Array): Promise<CheckedRecord> {
    const thread = this.#leastLoaded();
    const own = ownBuffer(record);
    const { chunkSize, repositoryId, isEncrypted, keys } = this.#options;
    const request = { record: own, chunkSize, repositoryId, isEncrypted, keys };
    const answer = await thread.call("check", request, { transfer: [own.buffer] });
    return toChecked(answer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread[Symbol.asyncDispose]()));
  }

  #leastLoaded(): Thread<IngestCalls> {
    const [first, ...others] = this.#threads;
    if (first === undefined) throw new HoldfastError("INTERNAL", "an ingest pool without threads");
    return others.reduce((least, thread) => (thread.load < least.load ? thread : least), first);
  }
}

/** The same bytes alone in a buffer that can be given away; copied only when they share theirs. */
const ownBuffer = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength
    ? new Uint8Array(bytes.buffer)
    : new Uint8Array(bytes);

// The one place that may call a record checked.
const toChecked = ({ record, page }: CheckAnswer): CheckedRecord =>
  ({ header: decodeRecordHeader(record), bytes: record, page }) as CheckedRecord;
