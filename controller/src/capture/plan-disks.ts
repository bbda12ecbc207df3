import type { Checkpoint } from "../hypervisor/captures.ts";
import type { AttachedDisk, Vm } from "../hypervisor/inventory.ts";
import { isAtLeast } from "../hypervisor/level.ts";
import { type CaptureRemark, type DiskMode, type Reason, remarkOf } from "./reasons.ts";
import type { WholeRead } from "./whole-read.ts";

/** The newest good point of the VM in the repository, as far as planning needs it. */
export interface BasePoint {
  readonly pointId: string;
  readonly capturedMs: number;
  /** The checkpoint that was recorded in it; undefined when its capture made none. */
  readonly checkpointId: string | undefined;
  /** Disks whose content the point has; skipped ones are not in it. */
  readonly disks: readonly { readonly id: string; readonly sizeBytes: number }[];
}

/** One disk of a plan. */
export interface PlannedDisk {
  readonly id: string;
  readonly alias: string;
  readonly sizeBytes: number;
  readonly format: "cow" | "raw";
  readonly interface: string;
  readonly bootable: boolean;
  readonly active: boolean;
  readonly mode: DiskMode;
  readonly reason: Reason;
  /** Read whole, yet the engine is asked for its changes too: what changed beside them was missed by its tracking. */
  readonly checksTracking: boolean;
  /** Why a disk that is read whole anyway could not be read by its changes: to be told besides. */
  readonly besides?: Reason | undefined;
}

/** What a backup of a VM is going to do with each disk. */
export interface CapturePlan {
  /** Every disk of the VM that holds guest data, skipped ones too. */
  readonly disks: readonly PlannedDisk[];
  /** Set when the engine is asked for the changes of at least one disk. */
  readonly fromCheckpointId: string | undefined;
  readonly basePointId: string | undefined;
  readonly remarks: readonly CaptureRemark[];
}

/** Everything that decides a plan. */
export interface PlanInput {
  readonly vm: Vm;
  readonly base: BasePoint | undefined;
  /** The engine's row of the base's checkpoint; undefined when it has none. */
  readonly checkpoint: Checkpoint | undefined;
  /** Disks that the checkpoint tracks. */
  readonly trackedDiskIds: ReadonlySet<string>;
  readonly excludedDiskIds: ReadonlySet<string>;
  /** True after an attempt in which the engine could not serve tracked changes: nothing is asked incrementally. */
  readonly distrustTracking: boolean;
  /** True when the base was made before the manager was trusted anew: its checkpoint says nothing about the engine of today. */
  readonly doubtsCheckpoint?: boolean;
  /** True when a backup that is younger than the base, into any repository, found that tracking had lied. */
  readonly hasLiedSince?: boolean;
  /** Set when everything is to be read, whatever tracking tells. */
  readonly wholeRead?: WholeRead | undefined;
}

/** Decides each disk's mode with its reason (R3, R4). Never fails: a VM without any disk to read gives a plan that says so. */
export const planDisks = (input: PlanInput): CapturePlan => {
  const decided = input.vm.disks
    .filter((disk) => disk.contentType === "data")
    .map((disk): PlannedDisk => {
      const { id, alias, sizeBytes, format, bootable, active } = disk;
      return { id, alias, sizeBytes, format, interface: disk.interface, bootable, active, ...decide(input, disk) };
    });
  const disks = isAtLeast(input.vm.level, 4, 5) ? decided : allOrNone(decided);
  return {
    disks,
    fromCheckpointId: disks.some(asksChanges) ? input.base?.checkpointId : undefined,
    basePointId: input.base?.pointId,
    remarks: remarksOf(disks),
  };
};

/** True for a disk whose changes the engine is asked for. */
export const asksChanges = ({ mode, checksTracking }: PlannedDisk): boolean => mode === "incremental" || checksTracking;

/** A disk whose changes cannot be asked for after all. */
export const withoutChanges = (disk: PlannedDisk, reason: Reason): PlannedDisk => {
  if (disk.mode === "incremental") return { ...disk, mode: "compare", reason };
  return disk.checksTracking ? { ...disk, checksTracking: false, besides: reason } : disk;
};

/** Below level 4.5 an engine refuses a backup from a checkpoint that lacks one of its disks. */
const allOrNone = (disks: readonly PlannedDisk[]): readonly PlannedDisk[] =>
  disks.every((disk) => disk.mode === "skipped" || asksChanges(disk))
    ? disks
    : disks.map((disk) => withoutChanges(disk, "below-level"));

/** The disks of a plan that the engine is asked to freeze. */
export const disksToCapture = (plan: Pick<CapturePlan, "disks">): readonly PlannedDisk[] =>
  plan.disks.filter(({ mode }) => mode !== "skipped");

/** The remarks that the reasons of disks call for. */
export const remarksOf = (disks: readonly PlannedDisk[]): readonly CaptureRemark[] =>
  disks.flatMap((disk) =>
    [disk.reason, disk.besides].flatMap((reason) => (reason === undefined ? [] : (remarkOf(reason, disk) ?? []))),
  );

type Decision = Pick<PlannedDisk, "mode" | "reason" | "checksTracking" | "besides">;

const plain = (mode: DiskMode, reason: Reason): Decision => ({ mode, reason, checksTracking: false });

const decide = (input: PlanInput, disk: AttachedDisk): Decision => {
  const skip = reasonToSkip(input.excludedDiskIds, disk);
  if (skip !== undefined) return plain("skipped", skip);

  const inBase = input.base?.disks.find(({ id }) => id === disk.id);
  if (inBase === undefined) return { ...plain("full", reasonOfFull(input, disk)), ...besidesOf(input, disk) };
  const untracked = reasonNotToTrust(input, disk, inBase.sizeBytes);
  if (input.wholeRead !== undefined) return readWhole(input.wholeRead, untracked);
  if (untracked !== undefined) return plain("compare", untracked);
  // A disk that grew stays incremental: chunks are aligned to the disk's start, so those of the base keep their places and
  // ids. A dirty bitmap grows with its disk but its new part starts clean, so the engine does not report the new end: the
  // agent, which knows the base's size, reads what lies beyond it by the zero context.
  return plain("incremental", disk.sizeBytes > inBase.sizeBytes ? "grown-disk" : "tracking-good");
};

const readWhole = (reason: WholeRead, untracked: Reason | undefined): Decision =>
  untracked === undefined
    ? { mode: "full", reason, checksTracking: true }
    : { mode: "full", reason, checksTracking: false, besides: untracked };

/** A first read names the disks that the next one cannot read by their changes either. */
const besidesOf = (input: PlanInput, disk: AttachedDisk): Pick<Decision, "besides"> =>
  needsFlag(input.vm, disk) ? { besides: "tracking-off" } : {};

/** Below level 4.5 the engine tracks only disks that carry its flag; raw ones cannot. */
export const needsFlag = (
  { level }: Pick<Vm, "level">,
  disk: Pick<AttachedDisk, "format" | "incrementalEnabled">,
): boolean => !isAtLeast(level, 4, 5) && disk.format === "cow" && !disk.incrementalEnabled;

const reasonOfFull = (input: PlanInput, disk: AttachedDisk): Reason => {
  if (disk.format === "raw") return "raw-disk";
  return input.base === undefined ? "no-base" : "new-disk";
};

/** Why a disk of guest data is not captured, whatever the base has of it; undefined for one that is. */
export const reasonToSkip = (excludedDiskIds: ReadonlySet<string>, disk: AttachedDisk): Reason | undefined => {
  if (excludedDiskIds.has(disk.id)) return "disk-excluded";
  if (disk.storageType === "lun") return "lun";
  if (disk.storageType !== "image") return "foreign-storage";
  if (disk.shareable) return "shareable";
  if (!disk.active) return "not-active";
  if (disk.status === "illegal") return "illegal";
  return undefined;
};

/** Why a disk of the base cannot be read by its tracked changes; it is then read and compared by hash (R3). */
const reasonNotToTrust = (input: PlanInput, disk: AttachedDisk, baseBytes: number): Reason | undefined => {
  if (disk.format === "raw") return "raw-disk";
  if (disk.sizeBytes < baseBytes) return "shrunk-disk";
  if (needsFlag(input.vm, disk)) return "tracking-off";
  if (input.base?.checkpointId === undefined) return "base-untracked";
  if (input.distrustTracking) return "tracking-broken";
  if (input.doubtsCheckpoint === true) return "checkpoint-doubted";
  if (input.hasLiedSince === true) return "tracking-lied-since";
  if (input.checkpoint === undefined) return "checkpoint-missing";
  if (input.checkpoint.state !== "created") return "checkpoint-invalid";
  if (!input.trackedDiskIds.has(disk.id)) return "base-untracked";
  return undefined;
};
