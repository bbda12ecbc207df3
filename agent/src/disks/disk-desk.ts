import type { OpenDiskResponse } from "@holdfast/proto/holdfast/agent/v1/agent_pb";

/** What the controller answers about one disk: a ticket, or another agent that reads it for us. */
export type DiskPermission = Extract<OpenDiskResponse["access"], { readonly case: "image" | "loan" }>;

/** Where an attempt gets its disks and gives them back. Permissions are secrets: never logged (R12). */
export interface DiskDesk {
  /** Waits until the controller has opened the disk's transfer. */
  open(diskId: string, signal: AbortSignal): Promise<DiskPermission>;
  /** Says that the disk is done with; never throws, since what it starts happens at the end of the attempt anyway. */
  close(diskId: string, succeeded: boolean): Promise<void>;
}
