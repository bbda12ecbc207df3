import type { Clock } from "@holdfast/shared/clock/clock";
import type { NbdAddress } from "@holdfast/shared/nbd/nbd-address";

/**
 * The simulated hosts' storage on real QEMU files: what VDSM, libvirt and QEMU do together for an oVirt host.
 *
 * Ids are the caller's (any string that is a file name): a volume is one file, a disk is a chain of volumes whose active
 * (topmost) one the caller remembers; the files' own headers say what backs what. Calls that touch one disk are serialised by
 * the layer; the caller decides what is allowed when. Every failure is a HoldfastError whose cause holds QEMU's words.
 */
export interface BlockLayer extends AsyncDisposable {
  /** Makes a volume; ALREADY_EXISTS when the id is taken. */
  createVolume(spec: VolumeSpec): Promise<VolumeFacts>;
  /** Removes the file of a volume that nothing uses; a volume that is not there is fine. */
  removeVolume(volumeId: string): Promise<void>;
  /**
   * Grows a volume; bitmaps grow with it, the new part being clean. Never shrinks. Under a running VM the connections to the
   * guest's export are cut, since NBD tells the size only at connecting.
   */
  growVolume(volumeId: string, sizeBytes: number): Promise<void>;
  /** NOT_FOUND when there is no such volume. Works while a VM runs on it. */
  inspectVolume(volumeId: string): Promise<VolumeFacts>;
  /** The ids of all volumes in the store: what a leftover check compares with the model. */
  listVolumes(): Promise<readonly string[]>;

  /** Starts the VM's QEMU process with these disks and a writable NBD export for each; nothing if it runs already. */
  startVm(vmId: string, disks: readonly VmDisk[]): Promise<void>;
  /** Ends the process in order, storing the bitmaps. Live captures of the VM end with it, as a powered-off guest's do. */
  stopVm(vmId: string): Promise<void>;
  /** Kills the process (-9), as a power failure does: bitmaps that were recording are inconsistent from then on. */
  killVm(vmId: string): Promise<void>;
  /** True while the VM's QEMU process lives. */
  isRunning(vmId: string): boolean;
  /** Plugs a disk into a running VM. */
  plugDisk(vmId: string, disk: VmDisk): Promise<void>;
  /** Unplugs a disk from a running VM; FAILED_PRECONDITION while a live capture of it exists. */
  unplugDisk(vmId: string, diskId: string): Promise<void>;
  /** Where "the guest" reads and writes a disk of a running VM; stays the same through captures, snapshots and merges. */
  guestAddress(vmId: string, diskId: string): NbdAddress;

  /** Puts a new overlay on each active volume, all at one moment; bitmaps are carried up. The overlays are the active volumes then. */
  snapshot(disks: readonly OverlaySpec[]): Promise<void>;
  /**
   * Commits a volume into the one that backs it, which grows if it must and takes its bitmaps (unless it is raw), re-bases
   * what stood on it, and removes its file. With a running VM this is a live merge.
   */
  merge(volumeId: string): Promise<void>;

  /** Freezes disks. A failure leaves everything as it was. `spec.id` must be new. */
  startCapture(spec: CaptureSpec): Promise<Capture>;
  /**
   * After a restart of the simulator: knows a cold or hybrid capture again whose volumes exist as `startCapture` left them.
   * (A live capture dies with the VM's process, which dies with the simulator.)
   */
  resumeCapture(spec: ColdCaptureSpec | HybridCaptureSpec): Promise<Capture>;
  /** The capture, while it is not ended. */
  findCapture(captureId: string): Capture | undefined;
  /**
   * Ends a capture: closes its exports, removes what it made, merges the overlays of a hybrid one. Never fails for the reason
   * that a merge failed: that disk's overlay stays, its bitmaps with it, and the answer says so.
   */
  endCapture(captureId: string): Promise<readonly CaptureEnd[]>;
  /**
   * An NBD export of a captured disk for one transfer. Live: the VM's process serves it; cold and hybrid: a read-only
   * `qemu-nbd --shared=8` of its own, which dies when the export is disposed of. Fails with CAPTURE_FAILED when the change
   * tracking that the disk was to be read by is missing or not sound.
   */
  openCaptureExport(captureId: string, diskId: string): Promise<VolumeExport>;
  /** Copies the frozen disk to a file (made anew, raw) with `nbdcopy` straight from QEMU: the reference of a test. */
  copyCapture(captureId: string, diskId: string, path: string): Promise<void>;

  /** An NBD export (`qemu-nbd --shared=8`) of a volume that no VM writes to: uploads, and downloads of snapshot disks. */
  openVolumeExport(volumeId: string, access: ExportAccess): Promise<VolumeExport>;

  /** What the volume says of its checkpoints' bitmaps. */
  listCheckpoints(volumeId: string): Promise<readonly BitmapFacts[]>;
  /**
   * Drops a checkpoint's bitmap after merging it into the bitmap of its parent, which goes on recording if the removed one
   * did. Without `parentId` its changes are forgotten. A bitmap that is not there is fine; an unsound one is just dropped.
   */
  removeCheckpoint(volumeId: string, checkpointId: string, parentId?: string): Promise<void>;
  /**
   * Damages a checkpoint's bitmap for real: takes it away, leaves all of the volume's bitmaps inconsistent as a crash does, or
   * makes it forget what changed so far while it looks sound.
   */
  spoilCheckpoint(volumeId: string, checkpointId: string, damage: BitmapDamage): Promise<void>;
}

/** `cow` is qcow2 version 3; the words are the engine's. */
export type VolumeFormat = "cow" | "raw";

/** What a new volume is made of. */
export type VolumeOrigin =
  /** Reads as zeroes. */
  | { readonly kind: "empty"; readonly sizeBytes: number }
  /** A layer (always cow) on another volume: a template, or a layer of a snapshot. */
  | { readonly kind: "overlay"; readonly backingId: string; readonly sizeBytes?: number }
  /** A full copy of what another volume reads as, its chain flattened; carries no bitmaps. */
  | { readonly kind: "copy"; readonly sourceId: string }
  /** A copy of a raw image file. */
  | { readonly kind: "file"; readonly path: string };

export interface VolumeSpec {
  readonly id: string;
  readonly format: VolumeFormat;
  readonly origin: VolumeOrigin;
}

export interface VolumeFacts {
  readonly id: string;
  readonly format: VolumeFormat;
  /** What a guest sees, in bytes. */
  readonly sizeBytes: number;
  /** What this file alone occupies, in bytes. */
  readonly actualBytes: number;
  readonly backingId?: string;
}

/** A disk as a VM uses it. */
export interface VmDisk {
  readonly diskId: string;
  /** The active volume. */
  readonly volumeId: string;
}

export interface OverlaySpec {
  /** The active volume that becomes read-only. */
  readonly volumeId: string;
  /** The id of the new active volume. */
  readonly overlayId: string;
}

interface CapturedDiskBase {
  readonly diskId: string;
  /** The active volume when the capture starts. */
  readonly volumeId: string;
  /**
   * The checkpoint to read changes since, and every newer one of the disk, oldest first: the changes are the union of their
   * bitmaps. Absent: the disk is read in full.
   */
  readonly since?: readonly string[];
  /** Records changes from this capture on under this name; only for cow volumes. */
  readonly newCheckpointId?: string;
}

/** A disk of a live or cold capture. */
export type CapturedDisk = CapturedDiskBase;

/** A disk of a hybrid capture, with the id of the overlay that the guest writes to meanwhile. */
export interface HybridDisk extends CapturedDiskBase {
  readonly overlayId: string;
}

/** Copy-before-write under a running VM, as libvirt's pull backup. */
export interface LiveCaptureSpec {
  readonly kind: "live";
  readonly id: string;
  readonly vmId: string;
  readonly disks: readonly CapturedDisk[];
}

/** An overlay takes the writes, the volume below is read; the VM may run, stop and start meanwhile. */
export interface HybridCaptureSpec {
  readonly kind: "hybrid";
  readonly id: string;
  readonly disks: readonly HybridDisk[];
}

/** Bitmaps on the volumes of a VM that is down and stays so. */
export interface ColdCaptureSpec {
  readonly kind: "cold";
  readonly id: string;
  readonly disks: readonly CapturedDisk[];
}

export type CaptureSpec = LiveCaptureSpec | HybridCaptureSpec | ColdCaptureSpec;

/** An open capture: every disk of the specification is frozen at one moment. */
export interface Capture {
  readonly spec: CaptureSpec;
}

/** How a disk's part of a capture ended. */
export type CaptureEnd =
  | { readonly diskId: string; readonly state: "clean" }
  /** The overlay of a hybrid capture could not be merged and is still the active volume. */
  | { readonly diskId: string; readonly state: "overlay-left"; readonly overlayId: string; readonly error: unknown };

/** A place from which NBD clients read (or write) one volume; disposing of it ends the service. */
export interface VolumeExport extends AsyncDisposable {
  readonly address: NbdAddress;
  readonly sizeBytes: number;
  /** Name of the bitmap served as `qemu:dirty-bitmap:<name>`; absent when the disk is read in full. */
  readonly bitmap?: string;
}

export interface ExportAccess {
  readonly mode: "read" | "write";
  /** Serves this layer alone, without what backs it: a shallow download. */
  readonly shallow?: boolean;
}

export interface BitmapFacts {
  readonly checkpointId: string;
  /** True for the one that takes the changes of now. */
  readonly recording: boolean;
  /** False after a crash: QEMU itself refuses to use it. */
  readonly sound: boolean;
}

export type BitmapDamage = "missing" | "inconsistent" | "forgetful";

/** A moment at which a test may make the layer fail. */
export type BlockFaultPoint = "capture-start" | "bitmap-check" | "merge";

/** What is about to happen at a fault point: the capture's id where there is one, the volume's otherwise. */
export interface BlockFaultSubject {
  readonly captureId?: string;
  readonly diskId?: string;
  readonly volumeId?: string;
}

/** Asked at each fault point; an answer is thrown as the cause of that step's failure. */
export type BlockFaults = (point: BlockFaultPoint, subject: BlockFaultSubject) => Error | undefined;

/** What `openBlockLayer` (qemu-block-layer.ts) takes: where the layer keeps its things. */
export interface BlockLayerOptions {
  /** Holds the volumes; survives restarts. */
  readonly stateDir: string;
  /** Holds sockets and scratch files; short (socket paths end at 107 bytes), emptied when the layer opens. */
  readonly runDir: string;
  readonly faults?: BlockFaults;
  readonly clock?: Clock;
}
