/** A compatibility level such as 4.7: decides which backup behaviour the engine applies (not the engine's own version). */
export interface Level {
  readonly major: number;
  readonly minor: number;
}

/** Who made an object: a login of the API (`user@profile`), or `lab` for what the configuration or the control endpoint made. */
export type Maker = string;

/** A data center: the owner of storage domains and clusters. */
export interface DataCenter {
  readonly id: string;
  readonly name: string;
  readonly level: Level;
}

/** A cluster: hosts that share a compatibility level, and the VMs that run on them. */
export interface Cluster {
  readonly id: string;
  readonly name: string;
  readonly dataCenterId: string;
  readonly level: Level;
}

/** What a host can be; only one that is up is of use. */
export const hostStatuses = ["up", "maintenance", "non_responsive", "non_operational", "down"] as const;

/** What a storage domain can be. */
export const storageDomainStatuses = ["active", "maintenance", "inactive", "locked"] as const;

/** A hypervisor host as the engine knows it. */
export interface Host {
  readonly id: string;
  readonly name: string;
  readonly clusterId: string;
  /** Address as entered in the engine; `transfer_url` and the host's certificate carry it. */
  readonly address: string;
  status: (typeof hostStatuses)[number];
  /** What the VMs that run on it may have together; without bound when absent. */
  memoryBytes?: number;
  /** False for an outdated host, which refuses live backups. */
  readonly knowsBackups?: boolean;
}

/** A storage domain; what its disks allocate is counted, not kept (`domains/domain-space.ts`). */
export interface StorageDomain {
  readonly id: string;
  readonly name: string;
  readonly dataCenterId: string;
  readonly storageType: "nfs" | "localfs";
  readonly sizeBytes: number;
  /** Active when absent. */
  status?: (typeof storageDomainStatuses)[number];
  /** What others than the model's disks take of it. */
  foreignBytes?: number;
  readonly warningPercent?: number;
  readonly criticalBytes?: number;
}

/** A logical network of a data center. */
export interface Network {
  readonly id: string;
  readonly name: string;
  readonly dataCenterId: string;
  /** Addresses of the network, such as `192.0.2.0/24`: a guest with another one reaches nobody. */
  readonly subnet?: string;
  /** True for a network from which a guest reaches nobody. */
  readonly isolated?: boolean;
}

/** A vNIC profile: what a NIC names to be on a network. */
export interface VnicProfile {
  readonly id: string;
  readonly name: string;
  readonly networkId: string;
}

/** A tag of the tree under `root`. */
export interface Tag {
  readonly id: string;
  readonly name: string;
  readonly parentId?: string;
}

/** A NIC that a VM gets from its template, with an id and an address of its own. */
export interface TemplateNic {
  readonly id: string;
  readonly name: string;
  readonly vnicProfileId?: string;
}

/** A template: Blank has no disks; others lend their disks' images as backing files to thin VMs. */
export interface Template {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  readonly diskIds: readonly string[];
  readonly memoryBytes: number;
  /** Cluster that it was made in; VMs of other clusters of the data center may use it too. */
  readonly clusterId?: string;
  readonly nics?: readonly TemplateNic[];
  /** Versions of one template share its name. */
  readonly version?: number;
  /** Template that this is a version of; itself when absent. */
  readonly baseTemplateId?: string;
  readonly status?: "ok" | "locked" | "illegal";
  /** What its disk boots: a Holdfast agent, or nothing. */
  readonly guest?: "agent" | "none";
}

/** Id of the template that every engine has. */
export const blankTemplateId = "00000000-0000-0000-0000-000000000000";

/** `4.7` from its parts. */
export const levelText = (level: Level): string => `${level.major}.${level.minor}`;

/** The parts of `4.7`. */
export const parseLevel = (text: string): Level => {
  const [major, minor] = text.split(".");
  return { major: Number(major), minor: Number(minor) };
};

/** True when a level is the given one of series 4 or newer. */
export const isAtLeast = (level: Level, minor: number): boolean =>
  level.major > 4 || (level.major === 4 && level.minor >= minor);
