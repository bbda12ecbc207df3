import type { Disk, DiskFormat, Vm } from "./inventory.ts";
import type { SavedVm, VmConfiguration } from "./vm-configuration.ts";

/** A disk to make. */
export interface DiskRequest {
  /** Derived (`restoredDiskIdOf`), so that a repeat collides with the first. */
  readonly diskId: string;
  readonly alias: string;
  /** The mark (`markOf`) while it is being filled. */
  readonly description: string;
  readonly sizeBytes: number;
  readonly format: DiskFormat;
  readonly sparse: boolean;
  /** What a sparse disk on block storage gets at once. */
  readonly initialBytes?: number | undefined;
  readonly incrementalEnabled: boolean;
  readonly wipeAfterDelete: boolean;
  readonly storageDomainId: string;
  readonly correlationId: string;
}

/** A VM to make, without disks and NICs. */
export interface VmRequest {
  readonly name: string;
  /** The mark (`markOf`) until it is complete. */
  readonly description: string;
  readonly clusterId: string;
  readonly configuration: VmConfiguration;
  /** An OVF without disks and NICs; when absent the VM is made from `configuration` alone. */
  readonly ovf?: string | undefined;
  readonly correlationId: string;
}

/** How a VM is to have a disk. */
export interface AttachmentRequest {
  readonly vmId: string;
  readonly diskId: string;
  readonly interface: string;
  readonly bootable: boolean;
  readonly active: boolean;
  readonly readOnly: boolean;
  readonly passDiscard?: boolean | undefined;
}

/** A NIC to add. */
export interface NicRequest {
  readonly vmId: string;
  readonly name: string;
  readonly interface: string;
  /** Undefined: on no network. */
  readonly vnicProfileId: string | undefined;
  /** Undefined: one of the engine's pool. */
  readonly mac: string | undefined;
  readonly linked: boolean;
  readonly plugged: boolean;
}

/** Settings that a VM is to have as they were saved. */
export interface SettingsRequest {
  readonly vmId: string;
  readonly configuration: VmConfiguration;
  /** Names of what is to be set (`fieldsOf`); of what no call can set the engine is not asked. */
  readonly fields: readonly string[];
}

/** Something that a VM is to belong to or to have, by its name. */
export interface BelongingRequest {
  readonly vmId: string;
  readonly clusterId: string;
  readonly kind: "tags" | "affinityLabels" | "affinityGroups" | "watchdogs";
  /** Of a watchdog its model and action. */
  readonly name: string;
}

/** Making disks and VMs for restores, and undoing it. */
export interface BuildOperations {
  /** Starts making a disk; asked again with the same id it answers the one that exists. Made is when its status is `ok`. */
  createDisk(request: DiskRequest, signal: AbortSignal): Promise<Disk>;
  getDisk(diskId: string, signal: AbortSignal): Promise<Disk | undefined>;
  /** Starts a removal; an unknown one is fine. ENGINE_CONFLICT while it is locked or in use. */
  removeDisk(diskId: string, signal: AbortSignal): Promise<void>;
  /** Takes the mark off a disk: from then on it is the user's. `vmId` when a VM has it. */
  describeDisk(
    request: { readonly diskId: string; readonly vmId?: string | undefined; readonly description: string },
    signal: AbortSignal,
  ): Promise<void>;
  /** Every disk whose description starts with `prefix`, attached or not. */
  listDisksMarked(prefix: string, signal: AbortSignal): Promise<readonly Disk[]>;
  /** A VM's configuration in both forms that a point keeps; VM_NOT_FOUND for none. */
  getVmConfiguration(vmId: string, signal: AbortSignal): Promise<SavedVm>;
  /** Makes a VM with ids and MACs of its own. ALREADY_EXISTS when a VM of this name is there (`findVms` tells whose). */
  createVm(request: VmRequest, signal: AbortSignal): Promise<Vm>;
  /** Attaches a disk; attached already is fine. */
  attachDisk(request: AttachmentRequest, signal: AbortSignal): Promise<void>;
  /** Names of the NICs that a VM has. */
  listNicNames(vmId: string, signal: AbortSignal): Promise<readonly string[]>;
  addNic(request: NicRequest, signal: AbortSignal): Promise<void>;
  describeVm(request: { readonly vmId: string; readonly description: string }, signal: AbortSignal): Promise<void>;
  /** Sets what was saved, where the engine has a call for it; ENGINE_FAULT when it refuses the values. */
  setSettings(request: SettingsRequest, signal: AbortSignal): Promise<void>;
  /** Gives the VM a tag, label or watchdog, or puts it into a group; NOT_FOUND when there is none of this name. */
  addBelonging(request: BelongingRequest, signal: AbortSignal): Promise<void>;
  startVm(vmId: string, signal: AbortSignal): Promise<void>;
  /** Removes a VM that is down; its disks stay when `keepDisks`. An unknown one is fine. */
  removeVm(request: { readonly vmId: string; readonly keepDisks: boolean }, signal: AbortSignal): Promise<void>;
}
