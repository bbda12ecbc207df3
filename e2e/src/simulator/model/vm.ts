import type { DiskAttachment, DiskFormat } from "./disk.ts";
import type { Initialization } from "./initialization.ts";
import type { Level, Maker } from "./inventory.ts";

/** Every VM status that the API knows. */
export const vmStatuses = [
  "unassigned",
  "down",
  "up",
  "powering_up",
  "paused",
  "migrating",
  "unknown",
  "not_responding",
  "wait_for_launch",
  "reboot_in_progress",
  "saving_state",
  "restoring_state",
  "suspended",
  "image_locked",
  "powering_down",
] as const;
export type VmStatus = (typeof vmStatuses)[number];

/** Every firmware and chipset choice of the API. */
export const biosTypes = ["cluster_default", "i440fx_sea_bios", "q35_sea_bios", "q35_ovmf", "q35_secure_boot"] as const;
export type BiosType = (typeof biosTypes)[number];

/** Sockets × cores × threads. */
export interface CpuTopology {
  readonly sockets: number;
  readonly cores: number;
  readonly threads: number;
}

/** A virtual network card. */
export interface Nic {
  readonly id: string;
  name: string;
  interface: "virtio" | "e1000" | "e1000e" | "rtl8139";
  mac: string;
  vnicProfileId?: string;
  linked: boolean;
  plugged: boolean;
}

/** The frozen or growing layer of one disk in a snapshot. */
export interface SnapshotVolume {
  readonly diskId: string;
  imageId: string;
  /** Of the image: a layer that was merged into a raw one is raw. */
  format: DiskFormat;
  readonly sizeBytes: number;
}

/** A snapshot; each VM always has exactly one of type `active`. */
export interface Snapshot {
  readonly id: string;
  /** `preview` is what was active before a preview. */
  readonly type: "active" | "regular" | "preview";
  readonly description: string;
  readonly createdMs: number;
  readonly memory: boolean;
  /** `locked` while volumes are made or merged. */
  status: "ok" | "locked";
  /** Set while the merge runs. */
  removing: boolean;
  volumes: SnapshotVolume[];
  /** The VM's configuration at that time; empty for the active one, whose configuration is the VM's. */
  readonly ovf: string;
  readonly madeBy: Maker;
  /** True for the snapshot that a hybrid backup made by itself. */
  readonly byBackup: boolean;
}

/** Changed blocks since one moment: a persistent bitmap on each of its disks. */
export interface Checkpoint {
  readonly id: string;
  parentId?: string;
  readonly description: string;
  readonly createdMs: number;
  diskIds: string[];
  state: "created" | "invalid";
  /** Set while the bitmaps are being removed. */
  removing: boolean;
  readonly madeBy: Maker;
}

/** Whether a VM may be migrated, and the hosts that it is bound to (pinned) or starts on by preference. */
export interface PlacementPolicy {
  readonly affinity: "migratable" | "user_migratable" | "pinned";
  readonly hostIds: readonly string[];
}

/** A VM with all that belongs to it alone. */
export interface Vm {
  readonly id: string;
  name: string;
  description: string;
  comment: string;
  status: VmStatus;
  /** Host it runs on; absent when down. */
  hostId?: string;
  clusterId: string;
  readonly templateId: string;
  readonly customLevel?: Level;
  memoryBytes: number;
  cpu: CpuTopology;
  biosType: BiosType;
  osType: string;
  type: "desktop" | "server" | "high_performance";
  /** `managed_hosted_engine` is the Manager's own VM. */
  readonly origin: string;
  deleteProtected: boolean;
  /** True while a snapshot is in preview: blocks backups and snapshots. */
  previewing: boolean;
  /** The snapshot that is previewed. */
  previewedId?: string;
  /** Why a paused VM is paused. */
  pausedBy?: "enospc" | "eio";
  /** False makes freezing its file systems fail, as without a guest agent. */
  guestAgent: boolean;
  /** True from when a client froze the guest until it is thawed or started anew. */
  frozen?: boolean;
  readonly createdMs: number;
  startedMs?: number;
  stoppedMs?: number;
  stopReason?: string;
  placement?: PlacementPolicy;
  /** Settings that are kept and shown, and change nothing; in the API's names. */
  settings?: Readonly<Record<string, unknown>>;
  /** Its watchdog, which watches nothing; a VM has one at most. */
  watchdog?: { readonly id: string; readonly model: string; readonly action: string };
  /** What a start with `use_initialization` tells cloud-init. */
  initialization?: Initialization;
  /** True while it runs with settings that last for this run only. */
  runOnce?: boolean;
  /** How the guest configures its NICs, as cloud-init was last told. */
  guestNics?: Initialization["nics"];
  /** Addresses that the guest reports, by NIC, while its program runs. */
  addresses?: Readonly<Record<string, string>>;
  attachments: DiskAttachment[];
  nics: Nic[];
  snapshots: Snapshot[];
  checkpoints: Checkpoint[];
  tagIds: string[];
  readonly madeBy: Maker;
}
