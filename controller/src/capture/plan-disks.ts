import type { Checkpoint } from "../hypervisor/captures.ts";
import type { AttachedDisk, Vm } from "../hypervisor/inventory.ts";
import { isAtLeast } from "../hypervisor/level.ts";
import { type CaptureRemark, type DiskMode, type Reason, remarkOf } from "./reasons.ts";

/** The newest good point of the VM in the repository, as far as planning needs it. */
export interface BasePoint {
  readonly pointId: string;
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
}

/** What a backup of a VM is going to do with each disk. */
export interface CapturePlan {
  /** Every disk of the VM that holds guest data, skipped ones too. */
  readonly disks: readonly PlannedDisk[];
  /** Set when at least one disk is planned `incremental`. */
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
}

/** Decides each disk's mode with its reason (R3, R4). Never fails: a VM without any disk to read gives a plan that says so. */
export const planDisks = (input: PlanInput): CapturePlan => {
  const disks = input.vm.disks
    .filter((disk) => disk.contentType === "data")
    .map((disk): PlannedDisk => {
      const { mode, reason } = decide(input, disk);
      const { id, alias, sizeBytes, format, bootable, active } = disk;
      return { id, alias, sizeBytes, format, interface: disk.interface, bootable, active, mode, reason };
    });
  const isIncremental = disks.some(({ mode }) => mode === "incremental");
  return {
    disks,
    fromCheckpointId: isIncremental ? input.base?.checkpointId : undefined,
    basePointId: input.base?.pointId,
    remarks: remarksOf(disks),
  };
};

/** The disks of a plan that the engine is asked to freeze. */
export const disksToCapture = (plan: Pick<CapturePlan, "disks">): readonly PlannedDisk[] =>
  plan.disks.filter(({ mode }) => mode !== "skipped");

/** The remarks that the reasons of disks call for. */
export const remarksOf = (disks: readonly PlannedDisk[]): readonly CaptureRemark[] =>
  disks.flatMap((disk) => remarkOf(disk.reason, disk) ?? []);

interface Decision {
  readonly mode: DiskMode;
  readonly reason: Reason;
}

const decide = (input: PlanInput, disk: AttachedDisk): Decision => {
  const skip = reasonToSkip(input, disk);
  if (skip !== undefined) return { mode: "skipped", reason: skip };

  const inBase = input.base?.disks.find(({ id }) => id === disk.id);
  if (inBase === undefined) return { mode: "full", reason: reasonOfFull(input, disk) };
  const untracked = reasonNotToTrust(input, disk, inBase.sizeBytes);
  if (untracked !== undefined) return { mode: "compare", reason: untracked };
  // A disk that grew stays incremental: chunks are aligned to the disk's start, so those of the base keep their places and
  // ids. A dirty bitmap grows with its disk but its new part starts clean, so the engine does not report the new end: the
  // agent, which knows the base's size, reads what lies beyond it by the zero context.
  return { mode: "incremental", reason: disk.sizeBytes > inBase.sizeBytes ? "grown-disk" : "tracking-good" };
};

const reasonOfFull = (input: PlanInput, disk: AttachedDisk): Reason => {
  if (disk.format === "raw") return "raw-disk";
  return input.base === undefined ? "no-base" : "new-disk";
};

const reasonToSkip = (input: PlanInput, disk: AttachedDisk): Reason | undefined => {
  if (input.excludedDiskIds.has(disk.id)) return "disk-excluded";
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
  if (input.base?.checkpointId === undefined) return "base-untracked";
  if (input.distrustTracking) return "tracking-broken";
  if (input.doubtsCheckpoint === true) return "checkpoint-doubted";
  if (input.checkpoint === undefined) return "checkpoint-missing";
  if (input.checkpoint.state !== "created") return "checkpoint-invalid";
  if (!isAtLeast(input.vm.level, 4, 5) && !disk.incrementalEnabled) return "tracking-off";
  if (!input.trackedDiskIds.has(disk.id)) return "base-untracked";
  return undefined;
};
