import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import {
  DiskService,
  ExtentContext as WireContext,
  type OpenDiskRequest,
  type OpenDiskResponseSchema,
  type ReadExtentsRequest,
  type ReadExtentsResponseSchema,
  type ReadRangesRequest,
  type ReadRangesResponseSchema,
} from "@holdfast/proto/holdfast/disk/v1/disk_pb";
import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { randomName, type RandomBytes } from "@holdfast/shared/ids/ids";
import { untilAborted } from "@holdfast/shared/lifecycle/abort";
import type { Logger } from "@holdfast/shared/logging/logger";
import { type CallContext, serveService, type ServedService } from "@holdfast/shared/rpc/implementation";
import { maxPayloadBytes } from "@holdfast/shared/rpc/limits";
import type { DiskReader } from "../disks/disk-reader.ts";
import type { ByteRange } from "../disks/extent.ts";
import type { OpenDisk } from "../disks/open-disk.ts";
import { type LendPermission, requireLoanOf } from "./lending-gate.ts";
import type { LoanBook } from "./loan-book.ts";
import { RangeRequests } from "./range-requests.ts";
import { ServedDisk } from "./served-disk.ts";
import { waitForPlace } from "./wait-for-place.ts";

/** A disk that is asked for, with the loan that the controller named. */
export interface LoanRequest {
  readonly loanId: string;
  readonly taskId: string;
  readonly attemptId: string;
  readonly diskId: string;
}

/** What serving disks needs. */
export interface DiskServiceDeps {
  /** Claims the loan's ticket from the controller and finds the way to the image. */
  readonly openLoan: (loan: LoanRequest, signal: AbortSignal) => Promise<OpenDisk>;
  readonly loans: LoanBook;
  /** What the token of a call allows. */
  readonly permissionOf: (call: CallContext) => LendPermission;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Logger;
}

/** Serves disks that other agents cannot reach; no ticket leaves this process. Who may call is decided before. */
export const createDiskService = (deps: DiskServiceDeps): ServedService => {
  const disks = new ServedDisks(deps);
  return serveService(DiskService, {
    openDisk: (request, context) => disks.openDisk(request, context),
    readExtents: (request, context) => disks.readExtents(request, context),
    readRanges: (requests, context) => disks.readRanges(requests, context),
  });
};

/** A disk that is served, and to whom. */
interface LentDisk {
  readonly disk: ServedDisk;
  readonly permission: LendPermission;
}

class ServedDisks {
  readonly #deps: DiskServiceDeps;
  readonly #disks = new Map<string, LentDisk>();

  constructor(deps: DiskServiceDeps) {
    this.#deps = deps;
  }

  /** Opens a lent disk and holds it until the caller lets go. */
  async *openDisk(request: OpenDiskRequest, context: CallContext): Answers<typeof OpenDiskResponseSchema> {
    const { openLoan, loans, permissionOf, clock, random, log } = this.#deps;
    const { loanId, taskId, attemptId, diskId } = request;
    const permission = permissionOf(context);
    requireLoanOf(permission, request);
    using _loan = loans.enter();
    const signal = AbortSignal.any([context.signal, context.closing]);
    await using disk = new ServedDisk(await openLoan({ loanId, taskId, attemptId, diskId }, signal), clock);
    const { sizeBytes, maxReaders, route } = disk.opened;
    const openDiskId = randomName(20, random);
    this.#disks.set(openDiskId, { disk, permission });
    const fields = { task: taskId, attemptId, disk: diskId, loan: loanId, route };
    log.info("a disk is served", fields);
    try {
      yield { openDiskId, sizeBytes: BigInt(sizeBytes), maxReaders };
      await untilAborted(signal);
    } finally {
      this.#disks.delete(openDiskId);
      log.info("a disk is served no more", fields);
    }
  }

  async *readExtents(request: ReadExtentsRequest, context: CallContext): Answers<typeof ReadExtentsResponseSchema> {
    const { signal } = context;
    await using lent = await this.#find(request.openDiskId, context).lend(signal, () => undefined);
    const wanted = request.context === WireContext.DIRTY ? "dirty" : "zero";
    for await (const extents of lent.reader.extents(wanted, signal)) {
      yield {
        extents: extents.map(({ start, length, zero, dirty }) => ({
          start: BigInt(start),
          length: BigInt(length),
          zero,
          dirty,
        })),
      };
    }
  }

  async *readRanges(
    incoming: AsyncIterable<ReadRangesRequest>,
    context: CallContext,
  ): Answers<typeof ReadRangesResponseSchema> {
    const { signal } = context;
    await using requests = new RangeRequests(incoming);
    const disk = this.#find(await requests.openDiskId(), context);
    const waiting = waitForPlace((onPlace) => disk.lend(signal, onPlace));
    let place = await waiting.next();
    for (; place.done !== true; place = await waiting.next())
      yield { event: { case: "queuePlace", value: place.value } };
    await using lent = place.value;

    for await (const range of requests.ranges(lent.reader.sizeBytes)) {
      for await (const { start, data } of piecesOf(lent.reader, range, signal)) {
        await requests.window.take(data.byteLength, signal);
        yield { event: { case: "piece", value: { start: BigInt(start), data } } };
      }
    }
  }

  /** An open disk of this caller; one of another does not exist for it. */
  #find(openDiskId: string, context: CallContext): ServedDisk {
    const { keyId, claims } = this.#deps.permissionOf(context);
    const lent = this.#disks.get(openDiskId);
    const own = lent?.permission;
    if (lent === undefined || own?.keyId !== keyId || own.claims.attemptId !== claims.attemptId)
      throw new HoldfastError("NOT_FOUND", `no disk is open as ${openDiskId}`);
    return lent.disk;
  }
}

type Answers<Schema extends DescMessage> = AsyncGenerator<MessageInitShape<Schema>>;

/** A range in pieces that fit a message. */
async function* piecesOf(
  reader: DiskReader,
  range: ByteRange,
  signal: AbortSignal,
): AsyncGenerator<{ readonly start: number; readonly data: Uint8Array }> {
  let start = range.start;
  for await (const bytes of reader.read(range, signal)) {
    for (let from = 0; from < bytes.byteLength; from += maxPayloadBytes) {
      const data = bytes.subarray(from, from + maxPayloadBytes);
      yield { start, data };
      start += data.byteLength;
    }
  }
}
