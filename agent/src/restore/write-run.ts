/** Writes bytes of a disk. */
export type WriteBytes = (start: number, bytes: Uint8Array) => Promise<void>;

/** Gathers neighbouring chunks into one write, in one buffer that is used again. */
export class WriteRun {
  readonly #buffer: Buffer;
  readonly #write: WriteBytes;
  #start = 0;
  #filled = 0;

  constructor(bytes: number, write: WriteBytes) {
    this.#buffer = Buffer.allocUnsafeSlow(bytes);
    this.#write = write;
  }

  /** Takes bytes at `start`, followed by zeros up to `length`; writes what was gathered when they are no neighbours or do not fit. */
  async add(start: number, bytes: Uint8Array, length: number): Promise<void> {
    const isNext = start === this.#start + this.#filled && this.#filled + length <= this.#buffer.byteLength;
    if (!isNext) await this.flush();
    if (this.#filled === 0) this.#start = start;
    this.#buffer.set(bytes.subarray(0, length), this.#filled);
    this.#buffer.fill(0, this.#filled + Math.min(bytes.byteLength, length), this.#filled + length);
    this.#filled += length;
  }

  /** Writes what was gathered. */
  async flush(): Promise<void> {
    if (this.#filled === 0) return;
    await this.#write(this.#start, this.#buffer.subarray(0, this.#filled));
    this.#filled = 0;
  }
}
