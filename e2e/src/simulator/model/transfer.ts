import type { DiskFormat } from "./disk.ts";
import type { Maker } from "./inventory.ts";

/** Phases of an image transfer as the API shows them. */
export type TransferPhase =
  | "initializing"
  | "transferring"
  | "resuming"
  | "paused_system"
  | "paused_user"
  | "cancelled_system"
  | "cancelled_user"
  | "finalizing_success"
  | "finalizing_failure"
  | "finalizing_cleanup"
  | "finished_success"
  | "finished_failure"
  | "finished_cleanup";

/** What happens to an idle transfer; `legacy`: download cancels, upload pauses. */
export type TimeoutPolicy = "legacy" | "pause" | "cancel";

/** What a transfer reads or writes. */
export type TransferSource =
  | { readonly kind: "disk"; readonly diskId: string }
  | { readonly kind: "snapshot"; readonly diskId: string; readonly imageId: string }
  | { readonly kind: "backup"; readonly diskId: string; readonly backupId: string };

/** The engine's image transfer entity. */
export interface Transfer {
  readonly id: string;
  readonly source: TransferSource;
  readonly direction: "upload" | "download";
  readonly format: DiskFormat;
  readonly shallow: boolean;
  readonly inactivityTimeoutS: number;
  readonly timeoutPolicy: TimeoutPolicy;
  readonly createdMs: number;
  readonly madeBy: Maker;
  readonly correlationId?: string;
  hostId: string;
  phase: TransferPhase;
  /** Id of the ticket while imageio has one. */
  ticketId?: string;
  transferredBytes: number;
  active: boolean;
  endedMs?: number;
}

const finished: readonly TransferPhase[] = ["finished_success", "finished_failure", "finished_cleanup"];

/** True for a transfer that still holds its disk. */
export const isTransferOpen = (transfer: Transfer): boolean => !finished.includes(transfer.phase);

/** True while the transfer's URLs exist. */
export const hasUrls = (transfer: Transfer): boolean =>
  transfer.phase === "transferring" && transfer.ticketId !== undefined;
