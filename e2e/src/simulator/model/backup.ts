import type { Maker } from "./inventory.ts";

/** How the engine freezes a VM's disks. */
export type CaptureKind = "hybrid" | "live" | "cold";

/** Phases of a backup as the API shows them. */
export type BackupPhase = "initializing" | "starting" | "ready" | "finalizing" | "succeeded" | "failed";

/** One disk of a backup. */
export interface BackupDisk {
  readonly diskId: string;
  /** Volume that was active at the start. */
  readonly imageId: string;
  readonly mode: "full" | "incremental";
}

/** The engine's backup entity. */
export interface Backup {
  readonly id: string;
  readonly vmId: string;
  readonly kind: CaptureKind;
  readonly description: string;
  readonly fromCheckpointId?: string;
  /** Decided at the start; shown from `ready` on; absent when no disk can be tracked. */
  readonly toCheckpointId?: string;
  readonly requireConsistency: boolean;
  readonly createdMs: number;
  readonly madeBy: Maker;
  readonly correlationId?: string;
  hostId?: string;
  /** Hybrid: the snapshot that the engine made for it. */
  snapshotId?: string;
  disks: BackupDisk[];
  phase: BackupPhase;
  /** Set when finalize came before `ready`: the backup goes to failure. */
  aborted: boolean;
  /** End time: rows vanish a configured time after it. */
  endedMs?: number;
}

/** True for a backup that still holds something on the VM. */
export const isBackupOpen = (backup: Backup): boolean => backup.phase !== "succeeded" && backup.phase !== "failed";
