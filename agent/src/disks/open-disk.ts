import { type DiskWish, noWish } from "./disk-wish.ts";
import { findWay } from "./find-way.ts";
import type { OpenDiskDeps } from "./open-disk-deps.ts";
import type { PassedOver } from "./passed-over.ts";
import type { Reached } from "./reached-disk.ts";

/** A disk that any thread of this process can reach. Disposing it gives it back as failed unless it was closed or left before. */
export interface OpenDisk extends Reached {
  readonly diskId: string;
  /** The ways that are better than its route. */
  readonly passedOver: readonly PassedOver[];
  close(succeeded: boolean): Promise<void>;
  /** Lets go of the way to it; the transfer stays. */
  leave(): Promise<void>;
}

/** Opens a disk by asking the controller for it. */
export type OpenDiskById = (diskId: string, signal: AbortSignal, wish?: DiskWish) => Promise<OpenDisk>;

/**
 * Asks for a disk, and finds the best way to it that answers: unix socket, host, another agent, proxy. NO_ROUTE_TO_DISK when
 * none does, TICKET_REFUSED when the transfer is none any more.
 */
export const openDisk = async (
  diskId: string,
  deps: OpenDiskDeps,
  signal: AbortSignal,
  wish: DiskWish = noWish,
): Promise<OpenDisk> => {
  const { reached, passedOver } = await findWay(diskId, deps, signal, wish);
  let isOver = false;
  const leave = async (): Promise<void> => {
    if (isOver) return;
    isOver = true;
    await reached[Symbol.asyncDispose]();
  };
  const close = async (succeeded: boolean): Promise<void> => {
    if (isOver) return;
    await leave();
    await deps.desk.close(diskId, succeeded);
  };
  return { ...reached, diskId, passedOver, leave, close, [Symbol.asyncDispose]: () => close(false) };
};
