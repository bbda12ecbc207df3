import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

/** Bytes of a disk, from `start`. */
export interface ByteRange {
  readonly start: number;
  readonly length: number;
}

/** A stretch of a disk whose bytes share their flags. */
export interface Extent extends ByteRange {
  /** Reads as zeros. In the dirty context it counts only where `dirty` is set. */
  readonly zero: boolean;
  /** Changed since the checkpoint; only told in the dirty context. */
  readonly dirty: boolean;
}

/** What extents tell: what holds data at all, or what changed since the checkpoint. */
export type ExtentContext = "zero" | "dirty";

/** The most extents of one batch (R7). */
export const largestExtentBatch = 4096;

/** Cuts a list into batches of at most `largestExtentBatch`. */
export function* inBatches(extents: readonly Extent[]): Generator<readonly Extent[]> {
  for (let from = 0; from < extents.length; from += largestExtentBatch)
    yield extents.slice(from, from + largestExtentBatch);
}

/** Passes extents on while they cover the disk from its first to its last byte in order; DISK_READ_FAILED where they do not. */
export async function* checkCover(
  batches: AsyncIterable<readonly Extent[]>,
  sizeBytes: number,
): AsyncGenerator<readonly Extent[]> {
  let end = 0;
  for await (const batch of batches) {
    for (const { start, length } of batch) {
      if (start !== end || length <= 0)
        throw uncovered(`an extent of ${length} bytes at ${start} follows one that ends at ${end}`);
      end += length;
    }
    yield batch;
  }
  if (end !== sizeBytes) throw uncovered(`extents end at ${end} of ${sizeBytes} bytes`);
}

const uncovered = (what: string): HoldfastError =>
  new HoldfastError("DISK_READ_FAILED", `the extents do not cover the disk: ${what}`);
