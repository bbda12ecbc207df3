import type { ErrorCode } from "@holdfast/shared/errors/codes";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Capture } from "../hypervisor/captures.ts";
import type { AttachedDisk, VmDetails } from "../hypervisor/inventory.ts";
import { parseMark } from "../hypervisor/marks.ts";

/** A VM with what decides whether its capture may begin now. */
export interface FitnessFacts {
  readonly vm: VmDetails;
  /** Captures of the VM that the engine shows, whoever began them. */
  readonly captures: readonly Capture[];
  /** Disks that the capture would freeze; a lock on another disk is no hindrance. */
  readonly diskIds: ReadonlySet<string>;
  readonly installationId: string;
}

/** One reason not to touch a VM now, and the words that name what to do. */
interface Refusal {
  readonly code: ErrorCode;
  /** Undefined when it does not hold. */
  readonly words: (facts: FitnessFacts) => string | undefined;
}

/** The first that holds is told: what is more exact stands before what it also shows as. */
const refusals: readonly Refusal[] = [
  {
    code: "HOSTED_ENGINE_VM",
    words: ({ vm }) =>
      vm.isManager
        ? "is the manager's own (hosted engine), which oVirt refuses to back up: leave it out of the job and save the manager with engine-backup"
        : undefined,
  },
  { code: "VM_BUSY", words: (facts) => wordsOfRestore(facts) },
  {
    code: "DISKS_LOCKED",
    words: ({ vm }) =>
      vm.status === "image_locked"
        ? "is locked by another operation of the engine: wait until that has ended"
        : undefined,
  },
  {
    code: "VM_STATE_UNFIT",
    words: ({ vm }) =>
      vm.status === "up" || vm.status === "down"
        ? undefined
        : `is ${vm.status}, and a backup needs it up or down: start it or shut it down`,
  },
  {
    code: "VM_PREVIEWING",
    words: ({ vm }) =>
      vm.snapshots.some(({ type, status }) => type === "preview" || status === "in_preview")
        ? "is previewing a snapshot: commit or undo the preview"
        : undefined,
  },
  { code: "VM_IN_BACKUP", words: (facts) => wordsOfBackup(facts) },
  { code: "DISKS_LOCKED", words: (facts) => wordsOfLocks(facts) },
];

/** Why a capture of a VM cannot start now, with its code and what to do; undefined when nothing speaks against it. */
export const whyUnfit = (facts: FitnessFacts): HoldfastError | undefined => {
  const { vm } = facts;
  for (const { code, words } of refusals) {
    const text = words(facts);
    if (text === undefined) continue;
    return new HoldfastError(code, `vm ${vm.name} ${text}`, { details: { vmId: vm.id, status: vm.status } });
  }
  return undefined;
};

/** A VM that a restore builds carries the mark until it is complete, and after it its disks do. */
const wordsOfRestore = ({ vm, installationId }: FitnessFacts): string | undefined => {
  const owner = [vm, ...vm.disks].map(({ description }) => parseMark(description)).find((one) => one !== undefined);
  if (owner === undefined) return undefined;
  const whose = owner.installationId === installationId ? "" : ` of Holdfast installation ${owner.installationId}`;
  return `is being restored by task ${owner.taskId}${whose}: it can be backed up when that has ended`;
};

const wordsOfBackup = ({ captures, installationId }: FitnessFacts): string | undefined => {
  const running = captures.find(({ phase }) => phase !== "succeeded" && phase !== "failed");
  if (running === undefined) return undefined;
  const owner = parseMark(running.description);
  const which = `backup ${running.id} (${running.phase})`;
  if (owner === undefined) {
    return `is in ${which} of another product: wait until that has ended, and let the two run at different times`;
  }
  if (owner.installationId !== installationId) {
    return `is in ${which} of Holdfast installation ${owner.installationId}: wait until that has ended, and let the two run at different times`;
  }
  return `is still in ${which} of task ${owner.taskId}: it is being ended`;
};

const wordsOfLocks = ({ vm, diskIds }: FitnessFacts): string | undefined => {
  const locked = vm.disks.filter((disk) => diskIds.has(disk.id) && isLocked(disk)).map(({ alias }) => alias);
  if (locked.length === 0) return undefined;
  const disks = locked.length === 1 ? "a disk that is" : "disks that are";
  return `has ${disks} locked by another operation of the engine (${locked.join(", ")}): wait until that has ended`;
};

const isLocked = ({ status }: AttachedDisk): boolean => status === "locked";
