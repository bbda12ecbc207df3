import type { Snapshot } from "./inventory.ts";

/** One disk as a snapshot froze it. */
export interface SnapshotDisk {
  readonly diskId: string;
  /** The volume that the snapshot froze: what a transfer names to read it. */
  readonly imageId: string;
  /** Virtual size at that moment; 0 when the engine does not say. */
  readonly sizeBytes: number;
}

/** A snapshot to take; never with the guest's memory. */
export interface SnapshotRequest {
  readonly vmId: string;
  readonly diskIds: readonly string[];
  /** The mark (`markOf`): the only way to find it again, since engines take no id of ours. */
  readonly description: string;
  readonly correlationId: string;
}

/** A VM that is asked about by a call with a correlation id. */
export interface GuestRequest {
  readonly vmId: string;
  readonly correlationId: string;
}

/** Snapshots of our own, and the guest's file systems. */
export interface SnapshotOperations {
  /**
   * Starts a snapshot; accepted is not done: its row is `locked` until it is `ok`, and vanishes when it fails. Engines take no id
   * of ours: a repeat makes a second one, so look for the description before. ENGINE_CONFLICT when the VM is busy.
   */
  createSnapshot(request: SnapshotRequest, signal: AbortSignal): Promise<Snapshot>;
  /** Empty for an unknown snapshot; disks that cannot be in a snapshot are silently missing. */
  listSnapshotDisks(vmId: string, snapshotId: string, signal: AbortSignal): Promise<readonly SnapshotDisk[]>;
  /** Has the guest write out and hold still until `thawGuest`. ENGINE_FAULT when its agent cannot, ENGINE_CONFLICT when it does not run. */
  freezeGuest(request: GuestRequest, signal: AbortSignal): Promise<void>;
  /** A guest that is not frozen, does not run or is gone is fine. */
  thawGuest(request: GuestRequest, signal: AbortSignal): Promise<void>;
}
