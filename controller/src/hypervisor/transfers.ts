/**
 * Where a transfer is, in our words: `opening → open → closing → succeeded`, or `cancelled` or `failed`; `paused` is an upload
 * that the engine stopped. Its URLs exist only while `open`.
 */
export type TransferPhase = "opening" | "open" | "paused" | "closing" | "succeeded" | "failed" | "cancelled";

/** Permission to read or write one disk through imageio. */
export interface Transfer {
  readonly id: string;
  readonly phase: TransferPhase;
  /** The engine's own word for the phase, for messages. */
  readonly enginePhase: string;
  readonly direction: "download" | "upload";
  /** Undefined when the engine does not say. */
  readonly diskId: string | undefined;
  readonly hostId: string | undefined;
  /** The URL is the permission itself: never logged, never stored (R12). */
  readonly transferUrl: string | undefined;
  readonly proxyUrl: string | undefined;
}

/** What a transfer is asked to be; always raw, always ended by the engine when it idles. */
export interface TransferRequest {
  readonly diskId: string;
  readonly direction: "download" | "upload";
  /** The capture that froze the disk; for downloads of a VM's disk. */
  readonly captureId?: string | undefined;
  /** The volume of a snapshot that is to be read in place of the disk's present content. */
  readonly snapshotImageId?: string | undefined;
  /** Seconds without any finished request after which the engine cancels it. */
  readonly inactivityTimeoutS: number;
  readonly hostId?: string | undefined;
  readonly correlationId: string;
}

/** Opening and closing disks for imageio. */
export interface TransferOperations {
  /**
   * Opens a transfer. Engines take no id of ours here: a repeat after a lost answer makes a second one or meets
   * ENGINE_CONFLICT, so list and cancel what is there before repeating.
   */
  openTransfer(request: TransferRequest, signal: AbortSignal): Promise<Transfer>;
  /** Undefined when the row is gone: it ended a while ago, or never was. */
  getTransfer(transferId: string, signal: AbortSignal): Promise<Transfer | undefined>;
  /** All transfers that the engine shows, whoever made them. */
  listTransfers(signal: AbortSignal): Promise<readonly Transfer[]>;
  /** Asks for the good end; ended or unknown ones are fine. Accepted is not ended. */
  finalizeTransfer(transferId: string, signal: AbortSignal): Promise<void>;
  /** Asks for the end; **an upload's disk is deleted by it**. Ended or unknown ones are fine. */
  cancelTransfer(transferId: string, signal: AbortSignal): Promise<void>;
}

/** True for a transfer that holds its disk no longer. */
export const isTransferOver = (transfer: Transfer | undefined): boolean =>
  transfer === undefined ||
  transfer.phase === "succeeded" ||
  transfer.phase === "failed" ||
  transfer.phase === "cancelled";
