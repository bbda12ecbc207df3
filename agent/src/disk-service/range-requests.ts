import type { ReadRangesRequest } from "@holdfast/proto/holdfast/disk/v1/disk_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { GrantWindow } from "@holdfast/shared/rpc/data-stream";
import type { ByteRange } from "../disks/extent.ts";
import { Outbox } from "@holdfast/shared/rpc/outbox";

/** Ranges that may wait unread. */
const mostWaiting = 256;

/** The incoming side of a stream of ranges: grants go to the window as they come, ranges wait their turn. */
export class RangeRequests implements AsyncDisposable {
  readonly window = new GrantWindow();
  readonly #ranges = new Outbox<ByteRange>();
  readonly #first = Promise.withResolvers<string>();
  #waiting = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(incoming: AsyncIterable<ReadRangesRequest>) {
    this.#first.promise.catch(() => undefined);
    void this.#pump(incoming);
  }

  /** The disk that the first message names. */
  openDiskId(): Promise<string> {
    return this.#first.promise;
  }

  /** Ranges in the order asked, until the caller asks for no more. INVALID_ARGUMENT for one that is not inside the disk. */
  async *ranges(sizeBytes: number): AsyncGenerator<ByteRange> {
    for await (const range of this.#ranges) {
      this.#waiting -= 1;
      const isInside = range.start >= 0 && range.length > 0 && range.start + range.length <= sizeBytes;
      if (!isInside)
        throw new HoldfastError(
          "INVALID_ARGUMENT",
          `no ${range.length} bytes at ${range.start} in a disk of ${sizeBytes}`,
        );
      yield range;
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end(new HoldfastError("CANCELLED", "the stream of ranges has ended"));
  }

  async #pump(incoming: AsyncIterable<ReadRangesRequest>): Promise<void> {
    try {
      for await (const request of incoming) this.#take(request);
      this.#ranges.close();
      this.#first.reject(new HoldfastError("INVALID_ARGUMENT", "the stream of ranges names no disk"));
    } catch (caught) {
      this.#failure = { error: caught };
      this.#end(caught);
    }
  }

  #take({ part }: ReadRangesRequest): void {
    switch (part.case) {
      case "openDiskId":
        this.#first.resolve(part.value);
        return;
      case "grantBytes":
        this.window.grant(Number(part.value));
        return;
      case "range":
        this.#waiting += 1;
        if (this.#waiting > mostWaiting)
          throw new HoldfastError("STREAM_REFUSED", `more than ${mostWaiting} ranges wait`);
        this.#ranges.put({ start: Number(part.value.start), length: Number(part.value.length) });
        return;
      case undefined:
        throw new HoldfastError("INVALID_ARGUMENT", "an empty request on a stream of ranges");
    }
  }

  #end(reason: unknown): void {
    this.#ranges.close();
    this.#first.reject(reason);
    this.window.close(reason);
  }
}
