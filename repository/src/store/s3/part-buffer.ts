/** Bytes of a part that is being filled; grows as it needs to, up to the size of a part, so that small objects stay small. */
export class PartBuffer {
  readonly #partBytes: number;
  #bytes: Buffer;
  #length = 0;

  constructor(partBytes: number) {
    this.#partBytes = partBytes;
    this.#bytes = Buffer.alloc(0);
  }

  get length(): number {
    return this.#length;
  }

  get isFull(): boolean {
    return this.#length === this.#partBytes;
  }

  /** What is in it; valid until it is rewound and filled again. */
  get filled(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Copies as much as has room; answers how much that was. */
  take(bytes: Uint8Array): number {
    const taken = Math.min(bytes.byteLength, this.#partBytes - this.#length);
    this.#reserve(this.#length + taken);
    this.#bytes.set(bytes.subarray(0, taken), this.#length);
    this.#length += taken;
    return taken;
  }

  /** Forgets what was taken since it had that length. */
  rewind(length: number): void {
    this.#length = length;
  }

  #reserve(needed: number): void {
    if (needed <= this.#bytes.byteLength) return;
    const grown = Buffer.allocUnsafeSlow(Math.min(this.#partBytes, Math.max(needed, 2 * this.#bytes.byteLength)));
    grown.set(this.filled);
    this.#bytes = grown;
  }
}
