import { recordHeaderSize } from "@holdfast/shared/format/record-header";
import { orAborted } from "@holdfast/shared/lifecycle/abort";
import { GrantLedger } from "@holdfast/shared/rpc/data-stream";
import type { StreamSlots } from "@holdfast/shared/rpc/stream-slots";
import type { CheckedRecord } from "../ingest/checked-record.ts";
import type { RepositoryStore } from "../store/repository-store.ts";
import { dependOn } from "./dependencies.ts";
import { requireListed } from "./known-records.ts";
import { noteStanding } from "./note-standing.ts";
import { PutReplies } from "./put-replies.ts";
import { type AssembledRecord, RecordAssembler } from "./record-assembler.ts";
import type { Upload } from "./upload.ts";

/** A piece of a record as it came. */
export interface PieceOfRecord {
  readonly data: Uint8Array;
  readonly last: boolean;
}

/** What streams of records share. */
export interface PutDeps {
  readonly store: RepositoryStore;
  readonly slots: StreamSlots;
  /** Refuses with REPOSITORY_FULL below the low-water mark. */
  readonly checkRoom: () => Promise<void>;
}

/** Bytes that one stream may send ahead, unless two records of the chunk size are more. */
const windowBytes = 4 * 1024 * 1024;
/** Bytes that a stream stores between two looks at the room that is left. */
const roomCheckBytes = 64 * 1024 * 1024;

/**
 * Takes in the records of one stream: joins pieces, has records checked in the ingest threads, several at once, and puts them
 * into packs in the order sent. What it answers is in `replies`.
 */
export class PutStream {
  readonly replies = new PutReplies();
  readonly #deps: PutDeps;
  readonly #upload: Upload;
  readonly #ledger: GrantLedger;
  readonly #assembler: RecordAssembler;
  readonly #broken = new AbortController();
  readonly #signal: AbortSignal;
  #tail: Promise<void> = Promise.resolve();
  #sinceRoomCheck = 0;

  constructor(deps: PutDeps, upload: Upload, callSignal: AbortSignal) {
    const { chunkSize } = deps.store.facts;
    this.#deps = deps;
    this.#upload = upload;
    this.#ledger = new GrantLedger(Math.max(windowBytes, 2 * (chunkSize + recordHeaderSize)));
    this.#assembler = new RecordAssembler(chunkSize);
    this.#signal = AbortSignal.any([callSignal, upload.signal, this.#broken.signal]);
  }

  /** Runs until the sender ends the stream or something fails; then `replies` ends likewise. Never rejects. */
  async run(pieces: AsyncIterator<PieceOfRecord>): Promise<void> {
    try {
      using _slot = await this.#deps.slots.take(this.#signal, (place) => {
        this.replies.queuePlace(place);
      });
      await this.#deps.checkRoom();
      this.replies.grant(this.#ledger.due());
      await this.#takeAll(pieces);
      await this.#tail;
      this.replies.close();
    } catch (caught) {
      this.#broken.abort(caught);
      await this.#tail.catch(() => undefined);
      this.replies.fail(caught);
    }
  }

  async #takeAll(pieces: AsyncIterator<PieceOfRecord>): Promise<void> {
    for (;;) {
      const next = await orAborted(pieces.next(), this.#signal);
      if (next.done === true) break;
      const { data, last } = next.value;
      this.#upload.touch();
      this.#ledger.received(data.byteLength);
      const record = this.#assembler.push(data, last);
      if (record) this.#chain(record);
    }
    this.#assembler.finish();
  }

  /** Has the record checked at once, and handled after those before it. */
  #chain(record: AssembledRecord): void {
    const { byteLength } = record.bytes;
    const checked = this.#deps.store.check(record.bytes);
    const before = this.#tail;
    this.#tail = this.#handleAfter(before, checked, byteLength);
    this.#tail.catch((caught: unknown) => {
      this.#broken.abort(caught);
    });
  }

  async #handleAfter(before: Promise<void>, checking: Promise<CheckedRecord>, byteLength: number): Promise<void> {
    const [, record] = await Promise.all([before, checking]);
    this.#signal.throwIfAborted();
    if (record.page) await requireListed(this.#deps.store, this.#upload, record.page);
    await this.#append(record);
    this.#ledger.released(byteLength);
    const due = this.#ledger.due();
    if (due > 0) this.replies.grant(due);
  }

  async #append(record: CheckedRecord): Promise<void> {
    const { store } = this.#deps;
    const { kind } = record.header;
    const appended = await store.append(record, this.#upload.uses.packs, this.#signal);
    if (appended.pending) await dependOn(store, this.#upload, [appended.pending]);
    await noteStanding(store, this.#upload, { record, appended });
    const storedBytes = appended.outcome === "stored" ? appended.packedBytes : 0;
    this.replies.accepted({
      kind,
      stored: appended.outcome === "stored" ? 1 : 0,
      known: appended.outcome === "known" ? 1 : 0,
      storedBytes,
    });
    if (appended.outcome === "stored") this.#count(kind, storedBytes);
    else this.#upload.counts.knownRecords += 1;
    await this.#lookForRoom(storedBytes);
  }

  #count(kind: "chunk" | "page", storedBytes: number): void {
    const { counts } = this.#upload;
    if (kind === "page") {
      counts.storedPages += 1;
      return;
    }
    counts.storedChunks += 1;
    counts.packedBytes += storedBytes;
  }

  async #lookForRoom(storedBytes: number): Promise<void> {
    this.#sinceRoomCheck += storedBytes;
    if (this.#sinceRoomCheck < roomCheckBytes) return;
    this.#sinceRoomCheck = 0;
    await this.#deps.checkRoom();
  }
}
