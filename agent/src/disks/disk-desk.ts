import type { OpenDiskResponse } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { Route } from "./disk-reader.ts";

/** What the controller answers about one disk: a ticket, or another agent that reads it for us. */
export type DiskPermission = Extract<OpenDiskResponse["access"], { readonly case: "image" | "loan" }>;

/** A disk that is asked for. */
export interface DiskAsked {
  readonly diskId: string;
  /** The transfer that broke, in whose place a fresh one is wanted; empty for the one that is open. */
  readonly brokenTransferId: string;
  /** Ways that are not taken any more, or never. */
  readonly avoidedRoutes: readonly Route[];
}

/** Where an attempt gets its disks and gives them back. Permissions are secrets: never logged (R12). */
export interface DiskDesk {
  /** Waits until the controller has opened the disk's transfer. */
  open(asked: DiskAsked, signal: AbortSignal): Promise<DiskPermission>;
  /** Says that the disk is done with; never throws, since what it starts happens at the end of the attempt anyway. */
  close(diskId: string, succeeded: boolean): Promise<void>;
}
