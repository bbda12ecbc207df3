import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { equalBytes, idAt, isZeroId } from "@holdfast/shared/format/content-id";
import { Semaphore } from "@holdfast/shared/lifecycle/bounded";
import { ImageWriter } from "../imageio/image-writer.ts";
import { openRepositoryConnection, type RepositoryConnection } from "../repository/repository-access.ts";
import { hurt } from "./damage.ts";
import { type ReadChunk, readChunks } from "@holdfast/shared/reading/read-chunks";
import type { RestoreLaneAnswer, RestoreLaneRequest, RestoreLaneStart } from "./restore-messages.ts";
import { WriteRun } from "./write-run.ts";

interface TargetDisk {
  readonly diskId: string;
  readonly sizeBytes: number;
  readonly writer: ImageWriter;
}

type RestoreRequest = RestoreLaneRequest & { readonly kind: "restore" };

const nothing: RestoreLaneAnswer = { written: 0, zero: 0 };

/** Reads, checks, decompresses and writes chunks, in the thread that it lives in, over connections of its own. */
export class RestoreLane {
  readonly #start: RestoreLaneStart;
  readonly #clock: Clock;
  readonly #repository: RepositoryConnection;
  readonly #writing = new Semaphore(1);
  #disk: TargetDisk | undefined;

  constructor(start: RestoreLaneStart, clock: Clock) {
    this.#start = start;
    this.#clock = clock;
    this.#repository = openRepositoryConnection(start.repository);
  }

  async answer(request: RestoreLaneRequest, signal: AbortSignal): Promise<RestoreLaneAnswer> {
    switch (request.kind) {
      case "open-disk":
        await this.#closeDisk();
        this.#disk = {
          diskId: request.diskId,
          sizeBytes: request.sizeBytes,
          writer: new ImageWriter(request.endpoint, this.#clock),
        };
        return nothing;
      case "close-disk":
        await this.#closeDisk();
        return nothing;
      case "restore":
        return await this.#restore(request, signal);
    }
  }

  async #restore(request: RestoreRequest, signal: AbortSignal): Promise<RestoreLaneAnswer> {
    const { readingId, chunkSize, writeBytes, keys } = this.#start;
    const disk = this.#openDisk();
    const run = new WriteRun(writeBytes, (start, bytes) => this.#write(disk, { start, bytes }, signal));
    const damaged: number[] = [];
    const range = { readingId, diskId: disk.diskId, first: request.first, count: request.count, chunkSize, keys };
    let next = request.first;
    let written = 0;
    for await (const chunk of readChunks(this.#repository.calls, range, signal)) {
      const [first, count] = chunk.kind === "zero" ? [chunk.first, chunk.count] : [chunk.position, 1];
      if (first !== next)
        throw new HoldfastError("STREAM_REFUSED", `the repository sent chunk ${first} where ${next} was next`);
      next += count;
      damaged.push(...damagedOf(chunk, request));
      if (chunk.kind !== "chunk" || damaged.length > 0) continue;
      const start = chunk.position * chunkSize;
      await run.add(start, chunk.plain, Math.min(chunkSize, disk.sizeBytes - start));
      written += 1;
    }
    if (damaged.length > 0) throw hurt(disk.diskId, damaged);
    if (next !== request.first + request.count)
      throw new HoldfastError("STREAM_REFUSED", `the repository ended at chunk ${next}`);
    await run.flush();
    return { written, zero: request.count - written };
  }

  async #write(
    { writer }: TargetDisk,
    piece: { readonly start: number; readonly bytes: Uint8Array },
    signal: AbortSignal,
  ): Promise<void> {
    using _turn = await this.#writing.acquire(signal);
    await writer.write(piece.start, piece.bytes, signal);
  }

  #openDisk(): TargetDisk {
    if (this.#disk === undefined) throw new HoldfastError("FAILED_PRECONDITION", "no disk is open in this lane");
    return this.#disk;
  }

  async #closeDisk(): Promise<void> {
    const disk = this.#disk;
    this.#disk = undefined;
    await disk?.writer[Symbol.asyncDispose]();
  }
}

/** Positions that are not what the point's pages say. */
const damagedOf = (chunk: ReadChunk, { first, ids }: RestoreRequest): readonly number[] => {
  switch (chunk.kind) {
    case "damaged":
      return [chunk.position];
    case "chunk":
      return equalBytes(chunk.id, idAt(ids, chunk.position - first)) ? [] : [chunk.position];
    case "zero":
      return Array.from({ length: chunk.count }, (_, index) => chunk.first + index).filter(
        (position) => !isZeroId(idAt(ids, position - first)),
      );
  }
};
