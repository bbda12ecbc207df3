/** Random numbers that a seed repeats. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 up to, not including, `bound`. */
  below(bound: number): number {
    return Math.floor(this.#next() * bound);
  }

  /** Fills the buffer. */
  fill(buffer: Buffer): void {
    for (let at = 0; at + 4 <= buffer.length; at += 4) buffer.writeUInt32LE(this.#bits(), at);
  }

  #next(): number {
    return this.#bits() / 2 ** 32;
  }

  /** 32 bits: a counter with a constant step, mixed by multiplications and shifts. */
  #bits(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let bits = this.#state;
    bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
    bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
    return (bits ^ (bits >>> 16)) >>> 0;
  }
}
