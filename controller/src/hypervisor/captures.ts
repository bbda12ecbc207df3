import type { Snapshot } from "./inventory.ts";

/**
 * Where a capture is. `unknown` is a word of the engine's that we do not know: wait as for `starting`.
 * `ready` is the only phase in which disks can be read.
 */
export type CapturePhase = "initializing" | "starting" | "ready" | "finalizing" | "succeeded" | "failed" | "unknown";

/** The engine's backup entity that freezes a VM's disks. */
export interface Capture {
  readonly id: string;
  readonly vmId: string;
  readonly phase: CapturePhase;
  readonly description: string;
  readonly fromCheckpointId: string | undefined;
  /** Known from `ready` on, and never when no disk can be tracked. A hope until the capture ends `succeeded`. */
  readonly toCheckpointId: string | undefined;
  readonly hostId: string | undefined;
  /** Set for a hybrid capture: the snapshot that the engine made for it; it is ours when the capture is (R6). */
  readonly snapshotId: string | undefined;
  readonly createdMs: number | undefined;
}

/** How the engine serves a disk of a running capture. */
export interface CaptureDisk {
  readonly diskId: string;
  /** `incremental`: the dirty context is offered. Undefined once the capture has ended. */
  readonly mode: "full" | "incremental" | undefined;
}

/** What a capture is asked to be. */
export interface CaptureRequest {
  readonly vmId: string;
  /** Derived (`captureIdOf`), so that a repeat collides with the first. */
  readonly captureId: string;
  readonly diskIds: readonly string[];
  readonly fromCheckpointId?: string | undefined;
  /** The mark (`markOf`); copied by the engine to the checkpoint. */
  readonly description: string;
  readonly correlationId: string;
  /** True asks an engine that would make a hybrid capture for a live or cold one. */
  readonly legacy?: boolean;
  /** True makes a live capture fail when its guest cannot be frozen; the others take no notice. */
  readonly requireConsistency?: boolean;
}

/** The engine's marker of change tracking. */
export interface Checkpoint {
  readonly id: string;
  readonly parentId: string | undefined;
  /** Only `created` can be built on; an `invalid` one should be removed. */
  readonly state: "created" | "invalid" | "other";
  readonly description: string;
  readonly createdMs: number | undefined;
}

/** Freezing a VM's disks, and what it leaves. */
export interface CaptureOperations {
  /**
   * Starts a capture; asked again with the same id it answers the one that exists. CHECKPOINT_UNUSABLE when the engine does not
   * have `fromCheckpointId` or calls it invalid. Worth another try: VM_IN_BACKUP, DISKS_LOCKED and ENGINE_CONFLICT (busy),
   * VM_STATE_UNFIT, VM_PREVIEWING, DISKS_CHANGED, DOMAIN_SPACE_CRITICAL; waiting does not change HOSTED_ENGINE_VM,
   * CAPTURE_NOT_SUPPORTED and ENGINE_FAULT.
   */
  startCapture(request: CaptureRequest, signal: AbortSignal): Promise<Capture>;
  /** Undefined when the engine has no such row: it never existed, or ended a quarter of an hour ago. */
  getCapture(vmId: string, captureId: string, signal: AbortSignal): Promise<Capture | undefined>;
  /** All captures of a VM that the engine still shows, whoever made them. */
  listCaptures(vmId: string, signal: AbortSignal): Promise<readonly Capture[]>;
  /** Disks of a capture with their modes; disks that cannot be captured are silently missing from it. */
  listCaptureDisks(vmId: string, captureId: string, signal: AbortSignal): Promise<readonly CaptureDisk[]>;
  /**
   * Asks the capture to end; before `ready` this aborts it. An ended, ending or unknown one is fine. ENGINE_CONFLICT while
   * a transfer of it is open. Accepted is not ended: look at the phase.
   */
  finalizeCapture(
    request: { readonly vmId: string; readonly captureId: string; readonly correlationId: string },
    signal: AbortSignal,
  ): Promise<void>;
  listCheckpoints(vmId: string, signal: AbortSignal): Promise<readonly Checkpoint[]>;
  /** Ids of the disks that a checkpoint tracks; empty for an unknown checkpoint. */
  listCheckpointDisks(vmId: string, checkpointId: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Starts a removal; an unknown one is fine. ENGINE_CONFLICT while the VM is in a capture. */
  removeCheckpoint(vmId: string, checkpointId: string, signal: AbortSignal): Promise<void>;
  /** Sets the flag by which engines track a disk below level 4.5; set already is fine. ENGINE_FAULT for raw disks. */
  enableTracking(vmId: string, diskId: string, signal: AbortSignal): Promise<void>;
  listSnapshots(vmId: string, signal: AbortSignal): Promise<readonly Snapshot[]>;
  /** Starts a removal; an unknown one is fine. ENGINE_CONFLICT while the VM is busy. */
  removeSnapshot(
    request: { readonly vmId: string; readonly snapshotId: string; readonly correlationId: string },
    signal: AbortSignal,
  ): Promise<void>;
}
