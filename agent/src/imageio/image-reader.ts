import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { DiskReader } from "../disks/disk-reader.ts";
import { type ByteRange, checkCover, type Extent, type ExtentContext } from "../disks/extent.ts";
import { type ImageAnswer, ImageConnection } from "./image-connection.ts";
import { type ImageEndpoint, placeOf } from "./image-endpoint.ts";
import { parseExtents } from "./parse-extents.ts";

/** An image that is known to be there, with its size. */
export interface ImageSource {
  readonly endpoint: ImageEndpoint;
  readonly sizeBytes: number;
  /** Without them the whole disk counts as data. */
  readonly hasExtents: boolean;
}

/** Reads a disk through imageio over one connection. */
export class ImageReader implements DiskReader {
  readonly sizeBytes: number;
  readonly #source: ImageSource;
  readonly #connection: ImageConnection;

  constructor(source: ImageSource, clock: Clock) {
    this.sizeBytes = source.sizeBytes;
    this.#source = source;
    this.#connection = new ImageConnection(source.endpoint, clock);
  }

  extents(context: ExtentContext, signal: AbortSignal): AsyncIterable<readonly Extent[]> {
    return checkCover(this.#extents(context, signal), this.sizeBytes);
  }

  /** What a range lacks after a broken connection is asked for on a new one; twice without a byte in between is the end. */
  async *read({ start, length }: ByteRange, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const end = start + length;
    let offset = start;
    let failures = 0;
    while (offset < end) {
      const from = offset;
      try {
        for await (const piece of this.#readOnce(offset, end, signal)) {
          yield piece;
          offset += piece.byteLength;
        }
      } catch (caught) {
        failures = offset > from ? 1 : failures + 1;
        await this.#renewOrThrow(caught, failures, signal);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }

  async *#extents(context: ExtentContext, signal: AbortSignal): AsyncGenerator<readonly Extent[]> {
    if (!this.#source.hasExtents) {
      if (context === "dirty") throw noDirtyContext();
      yield [{ start: 0, length: this.sizeBytes, zero: false, dirty: false }];
      return;
    }
    const answer = await this.#askExtents(context, signal);
    try {
      yield* parseExtents(answer.body, context);
    } catch (caught) {
      signal.throwIfAborted();
      if (caught instanceof HoldfastError) throw caught;
      throw new HoldfastError("DISK_READ_FAILED", "the list of extents broke off", { cause: caught });
    }
  }

  async #askExtents(context: ExtentContext, signal: AbortSignal): Promise<ImageAnswer> {
    const request = { method: "GET", suffix: `/extents?context=${context}` } as const;
    try {
      return await this.#connection.send(request, signal);
    } catch (caught) {
      if (context === "dirty" && caught instanceof HoldfastError && caught.details["status"] === 404)
        throw noDirtyContext(caught);
      await this.#renewOrThrow(caught, 1, signal);
    }
    try {
      return await this.#connection.send(request, signal);
    } catch (caught) {
      throw toReadFault(caught);
    }
  }

  async *#readOnce(start: number, end: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const headers = { range: `bytes=${start}-${end - 1}` };
    const answer = await this.#connection.send({ method: "GET", headers }, signal);
    this.#checkRange(answer, start, end);
    let offset = start;
    try {
      for await (const piece of answer.body as AsyncIterable<Uint8Array>) {
        offset += piece.byteLength;
        if (offset > end)
          throw new HoldfastError("DISK_READ_FAILED", `imageio sent more than the ${end - start} bytes at ${start}`);
        yield piece;
      }
    } catch (caught) {
      signal.throwIfAborted();
      if (caught instanceof HoldfastError) throw caught;
      throw new HoldfastError("UNAVAILABLE", `reading at ${offset} broke off`, { cause: caught });
    }
    if (offset < end) throw new HoldfastError("UNAVAILABLE", `a body ended at ${offset} where ${end} was asked for`);
  }

  #checkRange(answer: ImageAnswer, start: number, end: number): void {
    const range = answer.headers["content-range"];
    if (answer.statusCode === 206 && range === `bytes ${start}-${end - 1}/${this.sizeBytes}`) return;
    answer.body.destroy();
    const got = typeof range === "string" ? range : `status ${answer.statusCode}`;
    const place = placeOf(this.#source.endpoint);
    throw new HoldfastError(
      "DISK_READ_FAILED",
      `${place} answered ${got} for bytes ${start}-${end - 1}/${this.sizeBytes}`,
    );
  }

  async #renewOrThrow(caught: unknown, failures: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (failures > 1 || !hasCode(caught, "UNAVAILABLE")) throw toReadFault(caught);
    await this.#connection.renew();
  }
}

/** What is told when the server has no bitmap to tell changes from: the disk has to be read in full then. */
const noDirtyContext = (cause?: unknown): HoldfastError =>
  new HoldfastError("FAILED_PRECONDITION", "the disk has no dirty context", cause === undefined ? {} : { cause });

/** `details.status` stays: it tells a server that refuses from a way that broke. */
const toReadFault = (caught: unknown): unknown =>
  caught instanceof HoldfastError && caught.code === "UNAVAILABLE"
    ? new HoldfastError("DISK_READ_FAILED", caught.message, { cause: caught, details: caught.details })
    : caught;
