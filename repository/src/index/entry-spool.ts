import { idSize } from "@holdfast/shared/format/content-id";
import { packEntrySize } from "../store/pack-contents.ts";
import type { SpoolFile } from "./spool-file.ts";

/** Bytes of a spooled entry: one of a table of contents, then pack number and slot, `u32` each. */
export const spooledSize = packEntrySize + 8;

/** How much of a spool is in memory at once. */
export interface SpoolLimits {
  /** Entries of one partition that wait in memory before they go into the file. */
  readonly blockEntries: number;
  /** The most entries of a part; a larger partition is split by the next byte of its ids. */
  readonly partEntries: number;
}

/** 14 MiB while spooling, 28 MiB for one part: some 128 million entries before a partition is split. */
export const usualLimits: SpoolLimits = { blockEntries: 1024, partEntries: 1 << 19 };

/** Entries whose ids agree up to `agreed` bytes, in the order in which they came. */
export interface SpoolPart {
  readonly entries: Buffer;
  readonly agreed: number;
}

interface Partition {
  readonly waiting: Buffer;
  filled: number;
  /** Positions of full blocks in the file. */
  readonly blocks: number[];
}

/** From here on ids that agree are one id: a partition of it is not split, but handed out in pieces. */
const deepest = 28;

/** Entries by a byte of their ids, in one file, or in memory when there are few; given back in parts, in key order. */
export class EntrySpool {
  readonly #file: SpoolFile;
  readonly #limits: SpoolLimits;
  /** The byte of the id that chooses the partition; all before it agree. */
  readonly #byte: number;
  #gathered = Buffer.alloc(0);
  readonly #partitions: (Partition | undefined)[] = Array.from({ length: 256 });

  constructor(file: SpoolFile, limits: SpoolLimits = usualLimits, byte = 0) {
    this.#file = file;
    this.#limits = limits;
    this.#byte = byte;
  }

  /** Takes one entry of `spooledSize` bytes; REPOSITORY_FULL, IO_FAILED. */
  add(entry: Uint8Array): void {
    const partition = this.#partitionOf(entry[this.#byte] ?? 0);
    partition.waiting.set(entry, partition.filled);
    partition.filled += spooledSize;
    if (partition.filled < partition.waiting.byteLength) return;
    partition.blocks.push(this.#file.write(partition.waiting));
    partition.filled = 0;
  }

  /** All parts; each is valid until the next one is asked for. Nothing may be added any more. */
  *parts(): Generator<SpoolPart> {
    for (const [place, partition] of this.#partitions.entries()) {
      this.#partitions[place] = undefined;
      if (partition) yield* this.#partsOf(partition);
    }
  }

  #partitionOf(place: number): Partition {
    const waiting = (): Buffer => Buffer.allocUnsafeSlow(this.#limits.blockEntries * spooledSize);
    return (this.#partitions[place] ??= { waiting: waiting(), filled: 0, blocks: [] });
  }

  *#partsOf(partition: Partition): Generator<SpoolPart> {
    const { blockEntries, partEntries } = this.#limits;
    const agreed = this.#byte + 1;
    const entries = partition.blocks.length * blockEntries + partition.filled / spooledSize;
    if (entries <= partEntries) yield { entries: this.#gather(partition, entries * spooledSize), agreed };
    else if (agreed < deepest) yield* this.#split(partition).parts();
    else for (const block of this.#blocksOf(partition)) yield { entries: block, agreed: idSize };
  }

  #split(partition: Partition): EntrySpool {
    const finer = new EntrySpool(this.#file, this.#limits, this.#byte + 1);
    for (const block of this.#blocksOf(partition)) {
      for (let start = 0; start < block.byteLength; start += spooledSize)
        finer.add(block.subarray(start, start + spooledSize));
    }
    return finer;
  }

  /** All of a partition in one piece, in memory that the next one uses again. */
  #gather(partition: Partition, bytes: number): Buffer {
    if (this.#gathered.byteLength < bytes) this.#gathered = Buffer.allocUnsafeSlow(bytes + (bytes >> 3));
    let end = 0;
    for (const block of this.#blocksOf(partition)) {
      this.#gathered.set(block, end);
      end += block.byteLength;
    }
    return this.#gathered.subarray(0, end);
  }

  /** Blocks in the order in which they came; each is valid until the next one is asked for. */
  *#blocksOf({ blocks, waiting, filled }: Partition): Generator<Buffer> {
    const block = blocks.length === 0 ? waiting : Buffer.allocUnsafeSlow(waiting.byteLength);
    for (const position of blocks) {
      this.#file.read(position, block);
      yield block;
    }
    yield waiting.subarray(0, filled);
  }
}
