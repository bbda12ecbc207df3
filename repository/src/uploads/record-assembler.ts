import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { ChunkSize } from "@holdfast/shared/format/chunk-size";
import { largestPageBytes } from "@holdfast/shared/format/page";
import { decodeRecordHeader, type RecordKind, recordHeaderSize } from "@holdfast/shared/format/record-header";

/** Bytes that a record's stored form may have beyond its plain form: room for a seal. */
const sealBytes = 64;

/** A whole record as it came in, not yet checked beyond its header. */
export interface AssembledRecord {
  readonly kind: RecordKind;
  /** Header and stored bytes, in memory of its own. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

interface Growing {
  readonly kind: RecordKind;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Joins the pieces of records. Holds at most one record, whose size is known and limited before memory is taken (L1). */
export class RecordAssembler {
  readonly #chunkSize: ChunkSize;
  readonly #head = new Uint8Array(recordHeaderSize);
  #record: Growing | undefined;
  #filled = 0;

  constructor(chunkSize: ChunkSize) {
    this.#chunkSize = chunkSize;
  }

  /** Takes the next piece; gives the record that it completes. RECORD_REJECTED for a record that breaks S5. */
  push(data: Uint8Array, last: boolean): AssembledRecord | undefined {
    let rest = data;
    if (!this.#record) {
      const taken = rest.subarray(0, recordHeaderSize - this.#filled);
      this.#head.set(taken, this.#filled);
      this.#filled += taken.byteLength;
      rest = rest.subarray(taken.byteLength);
      if (this.#filled === recordHeaderSize) this.#record = this.#begin();
    }
    if (this.#record) this.#append(this.#record, rest);
    return last ? this.#finish() : undefined;
  }

  /** Refuses an end of the stream in the middle of a record. */
  finish(): void {
    if (this.#filled > 0) throw rejected("the stream ends in the middle of a record");
  }

  #begin(): Growing {
    const { kind, plainLength, storedLength } = this.#decodeHead();
    const longest = kind === "chunk" ? this.#chunkSize : largestPageBytes;
    if (plainLength > longest) throw rejected(`a ${kind} announces ${plainLength} plain bytes, more than ${longest}`);
    if (storedLength > plainLength + sealBytes)
      throw rejected(`a ${kind} of ${plainLength} plain bytes announces ${storedLength} stored bytes`);
    const bytes = new Uint8Array(recordHeaderSize + storedLength);
    bytes.set(this.#head);
    return { kind, bytes };
  }

  #decodeHead(): ReturnType<typeof decodeRecordHeader> {
    try {
      return decodeRecordHeader(this.#head);
    } catch (cause) {
      if (!(cause instanceof HoldfastError) || cause.code !== "CHUNK_DAMAGED") throw cause;
      throw new HoldfastError("RECORD_REJECTED", cause.message, { cause });
    }
  }

  #append({ bytes }: Growing, data: Uint8Array): void {
    if (data.byteLength > bytes.byteLength - this.#filled) throw rejected("a record is longer than it announced");
    bytes.set(data, this.#filled);
    this.#filled += data.byteLength;
  }

  #finish(): AssembledRecord {
    const record = this.#record;
    if (record?.bytes.byteLength !== this.#filled) throw rejected("a record is shorter than it announced");
    this.#record = undefined;
    this.#filled = 0;
    return record;
  }
}

const rejected = (message: string): HoldfastError => new HoldfastError("RECORD_REJECTED", message);
