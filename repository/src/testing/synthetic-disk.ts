import { chunkIdOf } from "@holdfast/shared/format/chunk-id";
import { type ChunkSize, chunkCountOf } from "@holdfast/shared/format/chunk-size";
import { zeroId } from "@holdfast/shared/format/content-id";

/** A disk that is told by the seeds of its chunks: position → seed; positions that are not named are zeros. */
export interface SyntheticDisk {
  readonly diskId: string;
  readonly sizeBytes: number;
  readonly seeds: ReadonlyMap<number, number>;
}

/** Bytes that the same seed always gives; they compress to about half. */
export const seededBytes = (seed: number, size: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(size);
  let state = (Math.imul(seed, 2_654_435_761) + 1) >>> 0;
  for (let index = 0; index < size; index += 2) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
};

/** The plain bytes of one position, clipped to the disk. */
export const plainAt = (disk: SyntheticDisk, position: number, chunkSize: ChunkSize): Uint8Array => {
  const length = Math.min(chunkSize, disk.sizeBytes - position * chunkSize);
  const seed = disk.seeds.get(position);
  return seed === undefined ? new Uint8Array(length) : seededBytes(seed, length);
};

/** The ids of all positions of a disk, one after another. */
export const chunkIdsOf = (disk: SyntheticDisk, chunkSize: ChunkSize, idKey?: Uint8Array): Uint8Array =>
  Buffer.concat(
    Array.from({ length: chunkCountOf(disk.sizeBytes, chunkSize) }, (_, position) =>
      disk.seeds.has(position) ? chunkIdOf(plainAt(disk, position, chunkSize), chunkSize, idKey) : zeroId,
    ),
  );

/** A disk of `count` chunks whose seeds begin at `firstSeed`. */
export const fullDisk = (diskId: string, count: number, firstSeed: number, chunkSize: ChunkSize): SyntheticDisk => ({
  diskId,
  sizeBytes: count * chunkSize,
  seeds: new Map(Array.from({ length: count }, (_, position) => [position, firstSeed + position])),
});

/** The same disk with other seeds at some positions; undefined makes a position zero. */
export const changed = (disk: SyntheticDisk, changes: Readonly<Record<number, number | undefined>>): SyntheticDisk => {
  const seeds = new Map(disk.seeds);
  for (const [position, seed] of Object.entries(changes)) {
    if (seed === undefined) seeds.delete(Number(position));
    else seeds.set(Number(position), seed);
  }
  return { ...disk, seeds };
};
