import { noStatistics, type Statistics } from "@holdfast/shared/format/manifest-schema";
import type { ChunkSize } from "@holdfast/shared/format/chunk-size";
import { equalBytes, idAt, idCount, isZeroId } from "@holdfast/shared/format/content-id";

/** Positions of one leaf by what became of them; `fresh` are stored or deduplicated. */
export interface LeafCounts {
  readonly zero: number;
  readonly unchanged: number;
  readonly fresh: number;
}

export const noCounts: LeafCounts = { zero: 0, unchanged: 0, fresh: 0 };

/**
 * Sorts positions by their ids as the repository does: zero, else unchanged when the base has the same id there, else fresh.
 * `base` has zero ids where nothing may count as unchanged.
 */
export const countIds = (ids: Uint8Array, base: Uint8Array): LeafCounts => {
  let zero = 0;
  let unchanged = 0;
  const count = idCount(ids);
  for (let index = 0; index < count; index += 1) {
    const id = idAt(ids, index);
    if (isZeroId(id)) zero += 1;
    else if (equalBytes(id, idAt(base, index))) unchanged += 1;
  }
  return { zero, unchanged, fresh: count - zero - unchanged };
};

/** Counts one disk's chunks. What a leaf gave is taken back before the leaf is done again. */
export class DiskTally {
  readonly #chunkSize: ChunkSize;
  readonly #planned: number;
  #counts: LeafCounts = noCounts;
  #stored = 0;
  #changed = 0;
  #read = 0;
  #sampled = 0;
  #packedBytes = 0;

  constructor(planned: number, chunkSize: ChunkSize) {
    this.#planned = planned;
    this.#chunkSize = chunkSize;
  }

  add(counts: LeafCounts): void {
    this.#move(counts, 1);
  }

  takeBack(counts: LeafCounts): void {
    this.#move(counts, -1);
  }

  /** Chunks that the engine says changed. */
  setChanged(chunks: number): void {
    this.#changed = chunks;
  }

  addRead(chunks: number): void {
    this.#read += chunks;
  }

  addSampled(chunks: number): void {
    this.#sampled += chunks;
  }

  addStored(chunks: number, packedBytes: number): void {
    this.#stored += chunks;
    this.#packedBytes += packedBytes;
  }

  /** The account as it stands; it balances once every leaf is done. */
  account(): Statistics {
    const { zero, unchanged, fresh } = this.#counts;
    const bytes = (chunks: number): number => chunks * this.#chunkSize;
    return {
      plannedBytes: bytes(this.#planned),
      zeroBytes: bytes(zero),
      unchangedBytes: bytes(unchanged),
      deduplicatedBytes: bytes(Math.max(0, fresh - this.#stored)),
      storedBytes: bytes(this.#stored),
      changedBytes: bytes(this.#changed),
      readBytes: bytes(this.#read),
      sampledBytes: bytes(this.#sampled),
      packedBytes: this.#packedBytes,
    };
  }

  #move({ zero, unchanged, fresh }: LeafCounts, sign: 1 | -1): void {
    const had = this.#counts;
    this.#counts = {
      zero: had.zero + sign * zero,
      unchanged: had.unchanged + sign * unchanged,
      fresh: had.fresh + sign * fresh,
    };
  }
}

/** The account of a whole point. */
export const sumAccounts = (accounts: readonly Statistics[]): Statistics =>
  accounts.reduce(
    (sum, one) => ({
      plannedBytes: sum.plannedBytes + one.plannedBytes,
      zeroBytes: sum.zeroBytes + one.zeroBytes,
      unchangedBytes: sum.unchangedBytes + one.unchangedBytes,
      deduplicatedBytes: sum.deduplicatedBytes + one.deduplicatedBytes,
      storedBytes: sum.storedBytes + one.storedBytes,
      changedBytes: sum.changedBytes + one.changedBytes,
      readBytes: sum.readBytes + one.readBytes,
      sampledBytes: sum.sampledBytes + one.sampledBytes,
      packedBytes: sum.packedBytes + one.packedBytes,
    }),
    noStatistics,
  );

/** R8: what was planned is what was dealt with. */
export const isBalanced = (account: Statistics): boolean =>
  account.plannedBytes === account.zeroBytes + account.unchangedBytes + account.deduplicatedBytes + account.storedBytes;
