/** A template that VMs are made from. */
export interface Template {
  readonly id: string;
  readonly name: string;
  /** Of several templates of one name the one with the highest number is the newest. */
  readonly versionNumber: number;
  /** The engine's word; only an `ok` one can be used. */
  readonly status: string;
}

/** What a machine of ours has of its host: its name and size, and where it may run. */
export interface MachineShape {
  readonly name: string;
  /** Words for people; the description is taken by the mark. */
  readonly comment: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Hosts that it is pinned to; empty: any host of its cluster. */
  readonly hostIds: readonly string[];
}

/** A VM to make for our own use. */
export interface MachineRequest extends MachineShape {
  /** The mark that tells whose it is. */
  readonly description: string;
  readonly clusterId: string;
  /** Undefined: made empty, for a disk of ours. */
  readonly templateId: string | undefined;
  /** Where a copy of the template's disks is made; undefined: thin disks where the template has its own. */
  readonly storageDomainId: string | undefined;
  readonly correlationId: string;
}

/** A NIC that a VM has. */
export interface MachineNic {
  readonly id: string;
  readonly name: string;
  /** Undefined: on no network. */
  readonly vnicProfileId: string | undefined;
}

/** How the guest sets up one of its network devices. */
export interface GuestNic {
  /** The device's name in the guest. */
  readonly device: string;
  /** Undefined: by DHCP. */
  readonly fixed:
    | {
        readonly address: string;
        readonly netmask: string;
        /** Empty for none. */
        readonly gateway: string;
      }
    | undefined;
}

/** What a guest is told at one start through cloud-init; the engine keeps none of it for the next. */
export interface GuestSetup {
  readonly hostName: string;
  /** Body of a cloud-config, without its first line. It may hold secrets: never logged (R12). */
  readonly userData: string;
  readonly nics: readonly GuestNic[];
  readonly dnsServers: readonly string[];
}

/** Making and running the VMs that are ours. Every action is only accepted when it resolves: the VM's status tells what became of it. */
export interface MachineOperations {
  /** The newest template of exactly this name; undefined for none. */
  findTemplate(name: string, signal: AbortSignal): Promise<Template | undefined>;
  /** Starts making a VM; made is when it is `down`. ALREADY_EXISTS when a VM of this name is there. */
  createMachine(request: MachineRequest, signal: AbortSignal): Promise<string>;
  /** Gives a VM that is down another shape. */
  reshapeMachine(vmId: string, shape: MachineShape, signal: AbortSignal): Promise<void>;
  listNics(vmId: string, signal: AbortSignal): Promise<readonly MachineNic[]>;
  removeNic(request: { readonly vmId: string; readonly nicId: string }, signal: AbortSignal): Promise<void>;
  /** Starts a VM that is down, with what its guest is told at this start. */
  bootMachine(vmId: string, setup: GuestSetup, signal: AbortSignal): Promise<void>;
  suspendVm(vmId: string, signal: AbortSignal): Promise<void>;
  /** Asks the guest to end; a guest may ignore it. */
  shutDownVm(vmId: string, signal: AbortSignal): Promise<void>;
  /** Takes the power away; a suspended VM loses what it kept. */
  powerOffVm(vmId: string, signal: AbortSignal): Promise<void>;
}
