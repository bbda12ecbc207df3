import type { PackKey } from "./object-names.ts";

/** A set of packs by their keys. */
export class PackSet implements Iterable<PackKey> {
  readonly #byEpoch = new Map<number, Set<number>>();
  #size = 0;

  constructor(packs: Iterable<PackKey> = []) {
    this.addAll(packs);
  }

  get size(): number {
    return this.#size;
  }

  has({ epoch, sequence }: PackKey): boolean {
    return this.#byEpoch.get(epoch)?.has(sequence) ?? false;
  }

  /** False when it was there already. */
  add({ epoch, sequence }: PackKey): boolean {
    const sequences = this.#byEpoch.get(epoch) ?? new Set();
    if (sequences.has(sequence)) return false;
    this.#byEpoch.set(epoch, sequences.add(sequence));
    this.#size += 1;
    return true;
  }

  addAll(packs: Iterable<PackKey>): void {
    for (const pack of packs) this.add(pack);
  }

  *[Symbol.iterator](): Generator<PackKey> {
    for (const [epoch, sequences] of this.#byEpoch) for (const sequence of sequences) yield { epoch, sequence };
  }
}
