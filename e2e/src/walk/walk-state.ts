/** A disk as the model knows it. */
export interface DiskState {
  readonly number: number;
  readonly sizeMiB: number;
  /** Of its lowest layer; layers of snapshots are always `cow`. */
  readonly format: "cow" | "raw";
}

/** A snapshot of the user's, with the disks that it holds, as they were. */
export interface SnapshotState {
  readonly number: number;
  readonly disks: readonly DiskState[];
}

/** A VM as the model knows it. */
export interface VmState {
  readonly status: "up" | "down";
  readonly disks: readonly DiskState[];
  /** Oldest first. */
  readonly snapshots: readonly SnapshotState[];
  /** The previewed snapshot, and the disks as they were before. */
  readonly preview: { readonly snapshot: number; readonly before: readonly DiskState[] } | undefined;
  /** How many points of it are listed. */
  readonly points: number;
  /** True while the newest point's checkpoint is on the engine, with bitmaps that can be damaged. */
  readonly hasCheckpoint: boolean;
  /** True once something happened since the newest point by which an increment may turn to a comparison, unplanned. */
  readonly shaken: boolean;
}

/** Everything that the model of a walk knows. */
export interface WalkState {
  readonly vms: readonly VmState[];
  /** Number of the next disk or snapshot. */
  readonly nextNumber: number;
}

/** A VM with one disk, up, never backed up. */
const newVm = (disk: DiskState): VmState => ({
  status: "up",
  disks: [disk],
  snapshots: [],
  preview: undefined,
  points: 0,
  hasCheckpoint: false,
  shaken: false,
});

/** The beginning: so many VMs, whose disks are numbered from 0 and have `sizeMiB`. */
export const initialState = (vms: number, sizeMiB: number): WalkState => ({
  vms: Array.from({ length: vms }, (_, number) => newVm({ number, sizeMiB, format: "cow" })),
  nextNumber: vms,
});

/** True when a snapshot holds the disk, so that its layer that takes writes is `cow`. */
export const hasSnapshot = (vm: VmState, disk: number): boolean =>
  vm.snapshots.some(({ disks }) => disks.some(({ number }) => number === disk));

/** Disks whose changes a checkpoint would track. */
export const trackable = (vm: VmState): readonly DiskState[] =>
  vm.disks.filter(({ number, format }) => format === "cow" || hasSnapshot(vm, number));
