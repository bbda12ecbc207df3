import { HoldfastError } from "../errors/holdfast-error.ts";

const KiB = 1024;

/** Every chunk size that a repository may be created with, in bytes. One repository has one of them for ever. */
export const chunkSizes = [256 * KiB, 512 * KiB, 1024 * KiB, 4096 * KiB] as const;

/** Bytes of one aligned piece of a disk. */
export type ChunkSize = (typeof chunkSizes)[number];

/** What a repository gets unless its operator chooses. */
export const defaultChunkSize: ChunkSize = 1024 * KiB;

/** The largest of all chunk sizes: what buffers that serve any repository are sized for. */
export const largestChunkSize: ChunkSize = 4096 * KiB;

/** The chunk size of that many bytes; INVALID_ARGUMENT for a number that is none. */
export const parseChunkSize = (bytes: number): ChunkSize => {
  const size = chunkSizes.find((candidate) => candidate === bytes);
  if (size === undefined) {
    throw new HoldfastError("INVALID_ARGUMENT", `${bytes} is not a chunk size; it is one of ${chunkSizes.join(", ")}`);
  }
  return size;
};

/** How many chunks cover a disk of that many bytes; the last one may reach past its end. */
export const chunkCountOf = (diskSizeBytes: number, chunkSize: ChunkSize): number =>
  Math.ceil(diskSizeBytes / chunkSize);
