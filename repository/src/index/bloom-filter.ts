const blockWords = 16;
const probes = 8;
const bitsPerKey = 12;

/**
 * A blocked Bloom filter over SHA-256 ids: one cache line a key. The ids are uniform already, so their own bytes choose block
 * and bits. "No" is certain; "maybe" is wrong for about one key in a hundred when full.
 */
export class BloomFilter {
  /** Keys it is made for; beyond that, "maybe" becomes more often wrong. */
  readonly capacity: number;
  readonly #words: Uint32Array;
  readonly #blocks: number;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#blocks = Math.max(1, Math.ceil((capacity * bitsPerKey) / (blockWords * 32)));
    this.#words = new Uint32Array(this.#blocks * blockWords);
  }

  /** Adds an id of 32 bytes. */
  add(id: Uint8Array): void {
    const start = this.#blockOf(id);
    for (let probe = 0; probe < probes; probe += 1) {
      const bit = bitOf(id, probe);
      const word = start + (bit >>> 5);
      this.#words[word] = (this.#words[word] ?? 0) | (1 << (bit & 31));
    }
  }

  /** False only when the id was never added. */
  mayHave(id: Uint8Array): boolean {
    const start = this.#blockOf(id);
    for (let probe = 0; probe < probes; probe += 1) {
      const bit = bitOf(id, probe);
      if (((this.#words[start + (bit >>> 5)] ?? 0) & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  }

  #blockOf(id: Uint8Array): number {
    const high = ((id[0] ?? 0) << 16) | ((id[1] ?? 0) << 8) | (id[2] ?? 0);
    const low = ((id[3] ?? 0) << 8) | (id[4] ?? 0);
    return (Math.floor(((high * 65_536 + low) / 2 ** 40) * this.#blocks) % this.#blocks) * blockWords;
  }
}

/** Nine bits of the id, two bytes a probe, from byte 8 on. */
const bitOf = (id: Uint8Array, probe: number): number =>
  (((id[8 + probe * 2] ?? 0) << 8) | (id[9 + probe * 2] ?? 0)) & 511;
