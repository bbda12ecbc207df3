import type { BackupPhase } from "../model/backup.ts";
import type { Initialization } from "../model/initialization.ts";
import type { StartRefusal } from "./start-refusals.ts";

/** Things that a test makes go wrong inside the engine or its hosts, each once or by name, beyond refused calls. */
export interface EngineHooks {
  /** VMs whose next capture fails on the host after the call was answered. */
  readonly failCapture: Set<string>;
  /** VMs whose next hybrid backup leaves its snapshot behind. */
  readonly leaveSnapshot: Set<string>;
  /** Disks whose next upload does not pass the check at its end. */
  readonly failUpload: Set<string>;
  /** Starts of VMs that are refused. */
  readonly startRefusals: StartRefusal[];
  /** VMs, by id or name, whose guests do not listen when they are asked to shut down or reboot. */
  readonly ignoreShutdown: Set<string>;
  /** What the newest start of a VM, by its id, told cloud-init: in memory alone, since it holds secrets. */
  readonly toldAtStart: Map<string, Initialization>;
  /** Directories, by VM, into which the disks of a client's next backup or snapshot are copied before it is shown as ready. */
  readonly copyAtReady: Map<string, string>;
  /** The same for every backup that makes a checkpoint, each into a folder of its checkpoint's id. */
  readonly copyEveryReady: Map<string, string>;
  /** Told when a part of a disk is about to be read for a client of imageio. */
  readonly readObservers: Set<(diskId: string, range: { readonly offset: number; readonly length: number }) => void>;
  /** Told when a backup of a VM reaches a phase, before a client can see it. */
  readonly phaseObservers: Set<(vmId: string, backupId: string, phase: BackupPhase) => void>;
}

/** No fault armed. */
export const noHooks = (): EngineHooks => ({
  failCapture: new Set(),
  leaveSnapshot: new Set(),
  failUpload: new Set(),
  startRefusals: [],
  ignoreShutdown: new Set(),
  toldAtStart: new Map(),
  copyAtReady: new Map(),
  copyEveryReady: new Map(),
  readObservers: new Set(),
  phaseObservers: new Set(),
});

/** True when the text is the VM's id or name. */
export const isNamed = (vm: { readonly id: string; readonly name: string }, text: string): boolean =>
  text === vm.id || text === vm.name;

/** True while a test has the VM's guest ignore shutdowns. */
export const isShutdownIgnored = (
  { ignoreShutdown }: EngineHooks,
  vm: { readonly id: string; readonly name: string },
): boolean => ignoreShutdown.has(vm.id) || ignoreShutdown.has(vm.name);

/** Tells the observers. */
export const tellPhase = (
  hooks: EngineHooks,
  backup: { readonly vmId: string; readonly id: string },
  phase: BackupPhase,
): void => {
  for (const observe of hooks.phaseObservers) observe(backup.vmId, backup.id, phase);
};
