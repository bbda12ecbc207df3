import { recordHeaderSize } from "@holdfast/shared/format/record-header";
import type { IndexRow } from "../index/index-database.ts";
import { packEntrySize } from "../store/pack-contents.ts";
import type { PackKey } from "../store/object-names.ts";

/** What is live in one pack. */
export interface LiveInPack {
  /** Live records with their entries in the table of contents. */
  readonly bytes: number;
  readonly records: number;
}

interface Bits {
  words: Uint32Array;
  bytes: number;
  records: number;
}

const none: LiveInPack = { bytes: 0, records: 0 };

/** One bit for every record that a root needs, by pack and place in its table of contents (G3). In memory only. */
export class LiveBits {
  readonly #byEpoch = new Map<number, Map<number, Bits>>();

  /** False when the record was live already. */
  add(row: IndexRow): boolean {
    const bits = this.#bitsOf(row);
    const word = row.slot >>> 5;
    if (word >= bits.words.length) bits.words = grown(bits.words, word);
    const bit = 1 << (row.slot & 31);
    const before = bits.words[word] ?? 0;
    if ((before & bit) !== 0) return false;
    bits.words[word] = before | bit;
    bits.bytes += recordHeaderSize + row.stored + packEntrySize;
    bits.records += 1;
    return true;
  }

  has(pack: PackKey, slot: number): boolean {
    return (((this.#byEpoch.get(pack.epoch)?.get(pack.sequence)?.words[slot >>> 5] ?? 0) >>> (slot & 31)) & 1) === 1;
  }

  liveIn(pack: PackKey): LiveInPack {
    return this.#byEpoch.get(pack.epoch)?.get(pack.sequence) ?? none;
  }

  #bitsOf({ epoch, sequence }: PackKey): Bits {
    const packs = this.#byEpoch.get(epoch) ?? new Map<number, Bits>();
    this.#byEpoch.set(epoch, packs);
    const bits = packs.get(sequence) ?? { words: new Uint32Array(8), bytes: 0, records: 0 };
    packs.set(sequence, bits);
    return bits;
  }
}

const grown = (words: Uint32Array, word: number): Uint32Array => {
  const larger = new Uint32Array(Math.max(words.length * 2, word + 1));
  larger.set(words);
  return larger;
};
