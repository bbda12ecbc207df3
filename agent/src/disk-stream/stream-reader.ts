import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  DiskService,
  ExtentContext as WireContext,
  type ReadRangesRequestSchema,
} from "@holdfast/proto/holdfast/disk/v1/disk_pb";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { RpcClient } from "@holdfast/shared/rpc/client";
import type { ServiceClient } from "@holdfast/shared/rpc/client-types";
import { GrantLedger } from "@holdfast/shared/rpc/data-stream";
import type { DiskReader } from "../disks/disk-reader.ts";
import { type ByteRange, checkCover, type Extent, type ExtentContext } from "../disks/extent.ts";
import { type Lender, openLenderClient } from "./lender.ts";
import { Outbox } from "@holdfast/shared/rpc/outbox";

/** A disk that another agent holds open for us. */
export interface StreamSource {
  readonly lender: Lender;
  readonly openDiskId: string;
  readonly sizeBytes: number;
}

/** Bytes on their way that were not consumed yet. */
const windowBytes = 4 * 1024 * 1024;

/** Reads a disk that another agent serves. */
export class StreamReader implements DiskReader {
  readonly sizeBytes: number;
  readonly #openDiskId: string;
  readonly #client: RpcClient;
  readonly #service: ServiceClient<typeof DiskService>;

  constructor({ lender, openDiskId, sizeBytes }: StreamSource) {
    this.sizeBytes = sizeBytes;
    this.#openDiskId = openDiskId;
    this.#client = openLenderClient(lender);
    this.#service = this.#client.service(DiskService);
  }

  extents(context: ExtentContext, signal: AbortSignal): AsyncIterable<readonly Extent[]> {
    return checkCover(this.#extents(context, signal), this.sizeBytes);
  }

  async *read(range: ByteRange, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const requests = new Outbox<MessageInitShape<typeof ReadRangesRequestSchema>>();
    const ledger = new GrantLedger(windowBytes);
    const grant = (): void => {
      const bytes = ledger.due();
      if (bytes > 0) requests.put({ part: { case: "grantBytes", value: BigInt(bytes) } });
    };
    requests.put({ part: { case: "openDiskId", value: this.#openDiskId } });
    requests.put({ part: { case: "range", value: { start: BigInt(range.start), length: BigInt(range.length) } } });
    grant();

    const end = range.start + range.length;
    let offset = range.start;
    try {
      for await (const { event } of this.#service.readRanges(requests, { signal })) {
        if (event.case !== "piece") continue;
        const { start, data } = event.value;
        if (Number(start) !== offset || offset + data.byteLength > end) throw misplaced(Number(start), offset);
        ledger.received(data.byteLength);
        offset += data.byteLength;
        yield data;
        ledger.released(data.byteLength);
        grant();
        if (offset === end) requests.close();
      }
    } catch (caught) {
      throw toReadFault(caught, signal);
    }
    if (offset !== end) throw new HoldfastError("DISK_READ_FAILED", `the serving agent ended at ${offset} of ${end}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }

  async *#extents(context: ExtentContext, signal: AbortSignal): AsyncGenerator<readonly Extent[]> {
    const wire = context === "zero" ? WireContext.ZERO : WireContext.DIRTY;
    try {
      for await (const { extents } of this.#service.readExtents(
        { openDiskId: this.#openDiskId, context: wire },
        { signal },
      )) {
        yield extents.map(({ start, length, zero, dirty }) => ({
          start: Number(start),
          length: Number(length),
          zero,
          dirty,
        }));
      }
    } catch (caught) {
      throw toReadFault(caught, signal);
    }
  }
}

const misplaced = (start: number, offset: number): HoldfastError =>
  new HoldfastError("STREAM_REFUSED", `the serving agent sent bytes at ${start} where ${offset} was next`);

const toReadFault = (caught: unknown, signal: AbortSignal): unknown => {
  signal.throwIfAborted();
  if (!hasCode(caught, "UNAVAILABLE", "NOT_FOUND")) return caught;
  return new HoldfastError("DISK_READ_FAILED", "the agent that serves the disk is gone", { cause: caught });
};
