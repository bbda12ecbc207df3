import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { Semaphore } from "@holdfast/shared/lifecycle/bounded";
import { ImageWriter } from "../imageio/image-writer.ts";
import { openRepositoryConnection, type RepositoryConnection } from "../repository/repository-access.ts";
import { readRun } from "../repository/read-run.ts";
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
    const { first, ids, count } = request;
    const range = { readingId, diskId: disk.diskId, first, ids, chunkSize, keys };
    let written = 0;
    for await (const { position, plain } of readRun(this.#repository.calls, range, signal)) {
      const start = position * chunkSize;
      await run.add(start, plain, Math.min(chunkSize, disk.sizeBytes - start));
      written += 1;
    }
    await run.flush();
    return { written, zero: count - written };
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
