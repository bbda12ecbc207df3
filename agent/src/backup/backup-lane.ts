import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { chunkIdOf } from "@holdfast/shared/format/chunk-id";
import { idSize } from "@holdfast/shared/format/content-id";
import { Semaphore } from "@holdfast/shared/lifecycle/bounded";
import { openDiskReader } from "../disks/disk-access.ts";
import type { DiskReader } from "../disks/disk-reader.ts";
import { openRepositoryConnection, type RepositoryConnection } from "../repository/repository-access.ts";
import { freshOf, storeChunks } from "../repository/store-chunks.ts";
import type { LaneAnswer, LaneRequest, LaneStart } from "./lane-messages.ts";

const nothing: LaneAnswer = { ids: new Uint8Array(0), stored: 0, packedBytes: 0 };

/**
 * Reads, names, compresses and sends chunks, in the thread that it lives in, over connections of its own. It answers as many
 * requests at once as it is given; each holds one buffer of its run, and the reads of all stand in one line.
 */
export class BackupLane {
  readonly #start: LaneStart;
  readonly #clock: Clock;
  readonly #repository: RepositoryConnection;
  readonly #reading = new Semaphore(1);
  readonly #buffers: Buffer[] = [];
  #disk: DiskReader | undefined;

  constructor(start: LaneStart, clock: Clock) {
    this.#start = start;
    this.#clock = clock;
    this.#repository = openRepositoryConnection(start.repository);
  }

  async answer(request: LaneRequest, signal: AbortSignal): Promise<LaneAnswer> {
    switch (request.kind) {
      case "open-disk":
        await this.#closeDisk();
        this.#disk = openDiskReader(request.access, this.#clock);
        return nothing;
      case "close-disk":
        await this.#closeDisk();
        return nothing;
      case "identify":
        return await this.#withBuffer(request.count, async (buffer) => ({
          ...nothing,
          ids: (await this.#read(request, buffer, signal)).ids,
        }));
      case "back-up":
        return await this.#withBuffer(request.count, (buffer) => this.#backUp(request, buffer, signal));
    }
  }

  async #backUp(
    request: LaneRequest & { readonly kind: "back-up" },
    buffer: Buffer,
    signal: AbortSignal,
  ): Promise<LaneAnswer> {
    const { ids, plains } = await this.#read(request, buffer, signal);
    const fresh = freshOf(ids, plains, request.known);
    if (fresh.length === 0) return { ...nothing, ids };
    return { ids, ...(await storeChunks(this.#repository.calls, this.#start, fresh, signal)) };
  }

  /** Reads a run of chunks and names each as soon as it is whole. */
  async #read(
    run: { readonly first: number; readonly count: number },
    buffer: Buffer,
    signal: AbortSignal,
  ): Promise<{ readonly ids: Uint8Array; readonly plains: readonly Uint8Array[] }> {
    using _turn = await this.#reading.acquire(signal);
    const disk = this.#openDisk();
    const { chunkSize, keys } = this.#start;
    const start = run.first * chunkSize;
    const length = Math.min(run.count * chunkSize, disk.sizeBytes - start);
    const ids = new Uint8Array(run.count * idSize);
    const plains: Uint8Array[] = [];
    let filled = 0;
    for await (const piece of disk.read({ start, length }, signal)) {
      buffer.set(piece, filled);
      filled += piece.byteLength;
      for (
        let from = plains.length * chunkSize;
        from < length && filled >= Math.min(from + chunkSize, length);
        from += chunkSize
      ) {
        const plain = buffer.subarray(from, Math.min(from + chunkSize, length));
        ids.set(chunkIdOf(plain, chunkSize, keys?.idKey), plains.length * idSize);
        plains.push(plain);
      }
    }
    return { ids, plains };
  }

  async #withBuffer<T>(chunks: number, use: (buffer: Buffer) => Promise<T>): Promise<T> {
    const size = chunks * this.#start.chunkSize;
    const at = this.#buffers.findIndex((buffer) => buffer.byteLength >= size);
    const buffer = this.#buffers.splice(at === -1 ? this.#buffers.length : at, 1)[0] ?? Buffer.allocUnsafeSlow(size);
    try {
      return await use(buffer);
    } finally {
      this.#keep(buffer);
    }
  }

  /** Keeps the two largest buffers: what a lane's two runs need. */
  #keep(buffer: Buffer): void {
    this.#buffers.push(buffer);
    this.#buffers.sort((left, right) => right.byteLength - left.byteLength);
    this.#buffers.length = Math.min(this.#buffers.length, 2);
  }

  #openDisk(): DiskReader {
    if (this.#disk === undefined) throw new HoldfastError("FAILED_PRECONDITION", "no disk is open in this lane");
    return this.#disk;
  }

  async #closeDisk(): Promise<void> {
    const disk = this.#disk;
    this.#disk = undefined;
    await disk?.[Symbol.asyncDispose]();
  }
}
