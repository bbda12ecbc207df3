import type { ImageAccess, LoanedDisk } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Identity } from "@holdfast/shared/identity/identity";
import { holdDisk } from "../disk-stream/hold-disk.ts";
import { findImage, type Whereabouts } from "../imageio/find-image.ts";
import type { DiskAccess } from "./disk-access.ts";
import type { DiskDesk } from "./disk-desk.ts";
import type { Route } from "./disk-reader.ts";

/** What opening disks needs of the process and the attempt. */
export interface OpenDiskDeps {
  readonly desk: DiskDesk;
  readonly where: Whereabouts;
  /** Shown to an agent that lends a disk. */
  readonly identity: Identity;
  readonly clock: Clock;
  readonly taskId: string;
  readonly attemptId: string;
}

/** A disk that any thread of this process can reach. Disposing it gives it back as failed unless it was closed before. */
export interface OpenDisk extends Reached {
  readonly diskId: string;
  close(succeeded: boolean): Promise<void>;
}

/** What is known of a disk before it can be given back. */
interface Reached extends AsyncDisposable {
  readonly sizeBytes: number;
  readonly access: DiskAccess;
  readonly route: Route;
  /** Connections that may be used at once. */
  readonly maxReaders: number;
  readonly maxWriters: number;
  /** The host was out of reach, so the engine's proxy serves it. */
  readonly hasFallenBack: boolean;
}

/** Asks for a disk, and finds the way to it: unix socket, host, another agent, proxy. */
export const openDisk = async (diskId: string, deps: OpenDiskDeps, signal: AbortSignal): Promise<OpenDisk> => {
  const permission = await deps.desk.open(diskId, signal);
  const reached = await reach(diskId, permission, deps, signal).catch(async (caught: unknown) => {
    await deps.desk.close(diskId, false);
    throw caught;
  });

  let isClosed = false;
  const close = async (succeeded: boolean): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    await reached[Symbol.asyncDispose]();
    await deps.desk.close(diskId, succeeded);
  };
  const { sizeBytes, access, route, maxReaders, maxWriters, hasFallenBack } = reached;
  return {
    diskId,
    sizeBytes,
    access,
    route,
    maxReaders,
    maxWriters,
    hasFallenBack,
    close,
    [Symbol.asyncDispose]: () => close(false),
  };
};

const reach = async (
  diskId: string,
  permission: Awaited<ReturnType<DiskDesk["open"]>>,
  deps: OpenDiskDeps,
  signal: AbortSignal,
): Promise<Reached> =>
  permission.case === "image"
    ? await reachImage(permission.value, deps, signal)
    : await reachLoan(diskId, permission.value, { ...deps, signal });

const reachImage = async (
  image: ImageAccess,
  { where, clock }: OpenDiskDeps,
  signal: AbortSignal,
): Promise<Reached> => {
  const { endpoint, route, capabilities, hasFallenBack } = await findImage(image, where, { clock, signal });
  const sizeBytes = Number(image.sizeBytes);
  const { hasExtents, maxReaders, maxWriters } = capabilities;
  return {
    access: { kind: "image", source: { endpoint, sizeBytes, hasExtents } },
    sizeBytes,
    route,
    maxReaders,
    maxWriters,
    hasFallenBack,
    [Symbol.asyncDispose]: async () => undefined,
  };
};

const reachLoan = async (
  diskId: string,
  { loanId, address, agentId, taskToken, sizeBytes }: LoanedDisk,
  { identity, taskId, attemptId, signal }: OpenDiskDeps & { readonly signal: AbortSignal },
): Promise<Reached> => {
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
    maxReaders: held.maxReaders,
    maxWriters: 0,
    hasFallenBack: false,
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
};
