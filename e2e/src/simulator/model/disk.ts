import type { Maker } from "./inventory.ts";

/** `cow` is qcow2 in the words of the API. */
export type DiskFormat = "cow" | "raw";

/** Buses that a disk can be attached by. */
export type DiskInterface = "virtio" | "virtio_scsi" | "ide" | "sata";

/** A disk of image storage. Its status is derived (`disks/disk-status.ts`), never stored. */
export interface Disk {
  readonly id: string;
  /** Id of the active volume: changes with every snapshot. */
  imageId: string;
  alias: string;
  description: string;
  /** Of the active volume: a snapshot of a raw disk turns it into `cow` until it is merged again. */
  format: DiskFormat;
  sparse: boolean;
  sizeBytes: number;
  readonly storageDomainId: string;
  backup: "none" | "incremental";
  shareable: boolean;
  wipeAfterDelete: boolean;
  readonly contentType: "data" | "backup_scratch";
  /** True for a disk of a template: never in backups, never deleted by itself. */
  readonly ofTemplate: boolean;
  /** True until the image exists on storage, and while it is being removed. */
  busy: boolean;
  /** True while the lab holds it locked. */
  held?: boolean;
  /** Of a disk that is being converted: the volume that goes when that is over, or was broken off. */
  spareVolumeId?: string;
  /** True when an upload failed verification and the disk could not be removed. */
  illegal: boolean;
  /** Disk of a template that this one is a thin layer over. */
  readonly backingDiskId?: string;
  /** What the active volume occupied when last looked at. */
  actualBytes: number;
  /** The same with the volumes of all snapshots. */
  totalBytes: number;
  readonly createdMs: number;
  readonly madeBy: Maker;
}

/** How a VM has a disk; its id in the API equals the disk's. */
export interface DiskAttachment {
  readonly diskId: string;
  active: boolean;
  bootable: boolean;
  interface: DiskInterface;
  readOnly: boolean;
  passDiscard: boolean;
}
