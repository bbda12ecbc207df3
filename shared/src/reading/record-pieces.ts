import { HoldfastError } from "../errors/holdfast-error.ts";
import { largestStoredLength, recordHeaderSize } from "../format/record-header.ts";

const largestRecord = recordHeaderSize + largestStoredLength;

/** The pieces of one record at a time. */
export class RecordPieces {
  #pieces: Uint8Array[] = [];
  #heldBytes = 0;
  #wholeBytes = 0;

  /** Adds a piece; answers the whole record at its last. STREAM_REFUSED for a record longer than any may be. */
  add(piece: Uint8Array, isLast: boolean): Uint8Array | undefined {
    this.#pieces.push(piece);
    this.#heldBytes += piece.byteLength;
    if (this.#heldBytes > largestRecord)
      throw new HoldfastError("STREAM_REFUSED", "a record is longer than any may be");
    if (!isLast) return undefined;
    const whole = Buffer.concat(this.#pieces, this.#heldBytes);
    this.#wholeBytes += this.#heldBytes;
    this.#pieces = [];
    this.#heldBytes = 0;
    return whole;
  }

  /** Bytes of whole records since the last time it was asked: what may be granted again. */
  take(): number {
    const bytes = this.#wholeBytes;
    this.#wholeBytes = 0;
    return bytes;
  }
}
