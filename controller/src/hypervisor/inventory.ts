import type { Level } from "./level.ts";

/** Who an engine is: `instanceId` lives as long as its database and is one half of a VM's identity (R3). */
export interface EngineIdentity {
  readonly instanceId: string;
  readonly productName: string;
  /** `4.5.6`; decides which fields of the API exist. */
  readonly version: string;
}

/** A cluster of the engine. */
export interface Cluster {
  readonly id: string;
  readonly name: string;
  readonly level: Level;
  readonly dataCenterId: string | undefined;
}

/** A hypervisor host; `address` is the name that its transfer URLs and its certificate carry. */
export interface Host {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly clusterId: string;
  /** The engine's word; only `up` can serve a transfer. */
  readonly status: string;
}

/** A storage domain; sizes in bytes, undefined when the engine does not know them now. */
export interface StorageDomain {
  readonly id: string;
  readonly name: string;
  /** `data` holds disks; `iso`, `export` … do not. */
  readonly type: string;
  /** `nfs`, `iscsi`, `fcp` … */
  readonly storageType: string;
  readonly dataCenterIds: readonly string[];
  readonly availableBytes: number | undefined;
  readonly usedBytes: number | undefined;
  /** Below this many free bytes the engine refuses to make disks. */
  readonly blockedBelowBytes: number | undefined;
  /** A domain that only keeps copies: VMs cannot run from it. */
  readonly forBackup: boolean;
}

/** A vNIC profile with its network's name: restores map NICs by these names. */
export interface VnicProfile {
  readonly id: string;
  readonly name: string;
  readonly networkId: string;
  readonly networkName: string;
  /** Networks of one name may be in several data centers; undefined when the engine does not say. */
  readonly dataCenterId?: string | undefined;
}

/** `cow` is qcow2 in the engine's words. */
export type DiskFormat = "cow" | "raw";

/** A disk as the engine has it. */
export interface Disk {
  readonly id: string;
  readonly alias: string;
  readonly description: string;
  /** Virtual size. */
  readonly sizeBytes: number;
  readonly actualBytes: number;
  readonly format: DiskFormat;
  readonly sparse: boolean;
  /** `image`, `lun`, `cinder`, `managed_block_storage`. */
  readonly storageType: string;
  /** `data` for a guest's disk; `backup_scratch` and others are the engine's own. */
  readonly contentType: string;
  /** `ok`, `locked`, `illegal`. */
  readonly status: string;
  readonly shareable: boolean;
  readonly wipeAfterDelete: boolean;
  /** The engine's `backup=incremental`; asked for below level 4.5 only. */
  readonly incrementalEnabled: boolean;
  readonly storageDomainIds: readonly string[];
}

/** A disk with the way in which a VM has it. */
export interface AttachedDisk extends Disk {
  readonly interface: string;
  readonly bootable: boolean;
  /** Plugged. */
  readonly active: boolean;
  readonly readOnly: boolean;
  /** Whether the guest's discards reach the storage; undefined when the engine does not say. */
  readonly passDiscard?: boolean | undefined;
}

/** A VM with its disks. */
export interface Vm {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** The engine's word; a backup can start at exactly `up` or `down`. */
  readonly status: string;
  readonly clusterId: string;
  /** Where it runs; undefined when it does not, or the login may not know. */
  readonly hostId: string | undefined;
  /** The VM's own compatibility level, else its cluster's. */
  readonly level: Level;
  readonly memoryBytes: number;
  /** The Manager's own VM (hosted engine): the engine refuses to back it up. */
  readonly isManager: boolean;
  readonly deleteProtected: boolean;
  readonly disks: readonly AttachedDisk[];
}

/** A snapshot row of a VM; each VM has one of type `active` whose id is never to be kept. */
export interface Snapshot {
  readonly id: string;
  readonly type: "active" | "regular" | "stateless" | "preview" | "other";
  /** `ok`, `locked`, `in_preview`. */
  readonly status: string;
  readonly description: string;
  readonly createdMs: number | undefined;
}

/** One VM looked at closely, before a backup. */
export interface VmDetails extends Vm {
  readonly snapshots: readonly Snapshot[];
}

/** What an engine has, read in pages. */
export interface Inventory {
  readonly clusters: readonly Cluster[];
  readonly hosts: readonly Host[];
  readonly storageDomains: readonly StorageDomain[];
  readonly vms: readonly Vm[];
}

/** Reading what an engine has. All lists are paged inside; none costs a call per VM. */
export interface InventoryReader {
  /** The engine's identity and version; also the cheapest proof that the login works. */
  identify(signal: AbortSignal): Promise<EngineIdentity>;
  /** Clusters, hosts, storage domains and VMs with their disks; scratch disks of the engine are left out. */
  readInventory(signal: AbortSignal): Promise<Inventory>;
  /** One VM as it is now; VM_NOT_FOUND when the engine has none of this id. */
  getVm(vmId: string, signal: AbortSignal): Promise<VmDetails>;
  /** VMs of exactly this name, with their disks. */
  findVms(name: string, signal: AbortSignal): Promise<readonly Vm[]>;
  /** Storage domains alone, with their space as it is now. */
  listStorageDomains(signal: AbortSignal): Promise<readonly StorageDomain[]>;
  listVnicProfiles(signal: AbortSignal): Promise<readonly VnicProfile[]>;
}
