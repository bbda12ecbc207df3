import type { ByteRange, Extent, ExtentContext } from "./extent.ts";

/** How the bytes of a disk come, the best way first: imageio's unix socket, HTTPS to the host, another agent, the engine's imageio proxy. */
export const routes = ["socket", "direct", "stream", "proxy"] as const;
export type Route = (typeof routes)[number];

/**
 * One connection to an open snapshot disk; a thread has one of its own. Nothing is dialled before the first use, and it keeps
 * the disk from idling out while it lives. One operation at a time.
 */
export interface DiskReader extends AsyncDisposable {
  readonly sizeBytes: number;
  /** All extents in order, gapless, in batches of at most 4,096. FAILED_PRECONDITION when the disk has no dirty context. */
  extents(context: ExtentContext, signal: AbortSignal): AsyncIterable<readonly Extent[]>;
  /**
   * Exactly the bytes of the range, in order and in pieces of any size; a piece is valid until the next is asked for.
   * DISK_READ_FAILED when they cannot be had, TICKET_REFUSED when the permission has ended.
   */
  read(range: ByteRange, signal: AbortSignal): AsyncIterable<Uint8Array>;
}
