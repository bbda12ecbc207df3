import type { ImageAccess, LoanedDisk } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Identity } from "@holdfast/shared/identity/identity";
import { holdDisk } from "../disk-stream/hold-disk.ts";
import type { FoundImage } from "../imageio/reach-image.ts";
import type { DiskAccess } from "./disk-access.ts";
import type { Route } from "./disk-reader.ts";

/** A disk that answered by one way. */
export interface Reached extends AsyncDisposable {
  readonly sizeBytes: number;
  readonly access: DiskAccess;
  readonly route: Route;
  /** The engine's transfer that serves it. */
  readonly transferId: string;
  /** Connections that may be used at once. */
  readonly maxReaders: number;
  readonly maxWriters: number;
}

/** A disk whose image this agent reads itself. */
export const ofImage = (image: ImageAccess, { endpoint, route, capabilities }: FoundImage): Reached => {
  const sizeBytes = Number(image.sizeBytes);
  const { hasExtents, maxReaders, maxWriters } = capabilities;
  return {
    access: { kind: "image", source: { endpoint, sizeBytes, hasExtents } },
    sizeBytes,
    route,
    transferId: image.transferId,
    maxReaders,
    maxWriters,
    [Symbol.asyncDispose]: async () => undefined,
  };
};

/** Who borrows, and which disk. */
export interface Borrowing {
  readonly diskId: string;
  readonly identity: Identity;
  readonly taskId: string;
  readonly attemptId: string;
}

/** A disk that another agent reads for us. NO_ROUTE_TO_DISK when that agent cannot be reached. */
export const borrowDisk = async (loan: LoanedDisk, borrowing: Borrowing, signal: AbortSignal): Promise<Reached> => {
  const { loanId, address, agentId, taskToken, sizeBytes, transferId } = loan;
  const { diskId, identity, taskId, attemptId } = borrowing;
  if (address === "")
    throw new HoldfastError("NO_ROUTE_TO_DISK", `the agent that would serve disk ${diskId} names no address`);
  const lender = { address, agentId, identity, taskToken };
  const held = await holdDisk({ lender, loanId, taskId, attemptId, diskId }, signal);
  if (held.sizeBytes !== Number(sizeBytes)) {
    await held[Symbol.asyncDispose]();
    throw new HoldfastError(
      "STREAM_REFUSED",
      `disk ${diskId} has ${sizeBytes} bytes, the serving agent says ${held.sizeBytes}`,
    );
  }
  return {
    access: { kind: "stream", source: { lender, openDiskId: held.openDiskId, sizeBytes: held.sizeBytes } },
    sizeBytes: held.sizeBytes,
    route: "stream",
    transferId,
    maxReaders: held.maxReaders,
    maxWriters: 0,
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
};
