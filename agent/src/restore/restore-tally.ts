import type { ChunkSize } from "@holdfast/shared/format/chunk-size";
import type { DiskProgress } from "../claims/progress-board.ts";

/** Counts one disk's chunks of a restore: each planned one is written, or skipped as zero. */
export class RestoreTally {
  readonly #chunkSize: ChunkSize;
  readonly #planned: number;
  #written = 0;
  #zero = 0;

  constructor(planned: number, chunkSize: ChunkSize) {
    this.#planned = planned;
    this.#chunkSize = chunkSize;
  }

  add({ written, zero }: { readonly written: number; readonly zero: number }): void {
    this.#written += written;
    this.#zero += zero;
  }

  isBalanced(): boolean {
    return this.#planned === this.#written + this.#zero;
  }

  progress(diskId: string, route: string): DiskProgress {
    const bytes = (chunks: number): bigint => BigInt(chunks) * BigInt(this.#chunkSize);
    return {
      diskId,
      route,
      plannedBytes: bytes(this.#planned),
      zeroBytes: bytes(this.#zero),
      readBytes: bytes(this.#written),
      writtenBytes: bytes(this.#written + this.#zero),
    };
  }
}
