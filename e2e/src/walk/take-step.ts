import type { Step, VmAct } from "./step.ts";
import { type DiskState, type SnapshotState, type VmState, type WalkState, trackable } from "./walk-state.ts";

/** What came of a step, as far as the model cannot know it. */
export interface Outcome {
  /** A point was made. */
  readonly made: boolean;
}

/** The state after a step. */
export const takeStep = (state: WalkState, { vm: index, act }: Step, { made }: Outcome): WalkState => {
  const change = changes[act.kind] as (vm: VmState, act: VmAct, came: Came) => VmState;
  const came = { made, number: state.nextNumber };
  return {
    vms: state.vms.map((vm, at) => (at === index ? change(vm, act, came) : vm)),
    nextNumber: state.nextNumber + (act.kind === "add-disk" || act.kind === "take-snapshot" ? 1 : 0),
  };
};

/** What came of a step, and the number of the disk or snapshot that it brought. */
interface Came extends Outcome {
  readonly number: number;
}

type Changes = {
  readonly [Kind in VmAct["kind"]]: (vm: VmState, act: Extract<VmAct, { readonly kind: Kind }>, came: Came) => VmState;
};

const nothing = (vm: VmState): VmState => vm;
const downAtOnce = (vm: VmState): VmState => ({ ...shaken(vm), status: "down" });

/** What each act makes of its VM. */
const changes: Changes = {
  write: nothing,
  zero: nothing,
  discard: nothing,
  kill: nothing,
  "restore-disk": nothing,
  "restore-vm": nothing,
  "add-disk": (vm, { sizeMiB, format }, { number }) => ({ ...vm, disks: [...vm.disks, { number, sizeMiB, format }] }),
  "remove-disk": (vm, act) => ({ ...vm, disks: vm.disks.filter(({ number }) => number !== act.disk) }),
  "grow-disk": (vm, { disk, byMiB }) => changed(vm, disk, (one) => ({ ...one, sizeMiB: one.sizeMiB + byMiB })),
  "convert-disk": (vm, { disk, format }) => changed(vm, disk, (one) => ({ ...one, format })),
  "take-snapshot": (vm, _act, { number }) => ({ ...vm, snapshots: [...vm.snapshots, { number, disks: vm.disks }] }),
  "delete-snapshot": (vm, { snapshot }) => {
    const left = { ...vm, snapshots: vm.snapshots.filter(({ number }) => number !== snapshot) };
    return trackable(left).length < trackable(vm).length ? shaken(left) : left;
  },
  "preview-snapshot": (vm, { snapshot }) => ({ ...turned(vm, snapshot), preview: { snapshot, before: vm.disks } }),
  "restore-snapshot": (vm, { snapshot }) => committed(turned(vm, snapshot), snapshot),
  "undo-preview": (vm) => ({ ...shaken(vm), disks: vm.preview?.before ?? vm.disks, preview: undefined }),
  "commit-preview": (vm) => committed(vm, vm.preview?.snapshot ?? -1),
  "power-on": (vm) => ({ ...vm, status: "up" }),
  "power-off": (vm) => ({ ...vm, status: "down" }),
  "power-cut": downAtOnce,
  "lose-host": downAtOnce,
  "spoil-bitmaps": (vm, { damage }) => ({
    ...vm,
    shaken: true,
    hasCheckpoint: damage === "invalid" || damage === "forgetful",
  }),
  "delete-checkpoints": (vm) => shaken(vm),
  backup: (vm, _act, { made }) => (made ? withPoint(vm) : vm),
  "backup-disturbed": (vm, { by }, { made }) => {
    const left = made ? withPoint(vm) : shaken(vm);
    return by === "host" ? downAtOnce(left) : left;
  },
  "delete-point": (vm, { point }) => ({ ...(point === 0 ? shaken(vm) : vm), points: vm.points - 1 }),
};

/**
 * Without a checkpoint that is whole, as after a merge into a raw layer, which takes no bitmaps: the next increment may have nothing to
 * begin from.
 */
const shaken = (vm: VmState): VmState => ({ ...vm, hasCheckpoint: false, shaken: true });

const withPoint = (vm: VmState): VmState => ({
  ...vm,
  points: vm.points + 1,
  hasCheckpoint: trackable(vm).length > 0,
  shaken: false,
});

const changed = (vm: VmState, number: number, change: (disk: DiskState) => DiskState): VmState => ({
  ...vm,
  disks: vm.disks.map((disk) => (disk.number === number ? change(disk) : disk)),
});

const snapshotOf = (vm: VmState, number: number): SnapshotState => {
  const found = vm.snapshots.find((one) => one.number === number);
  if (found === undefined) throw new Error(`no snapshot ${number}`);
  return found;
};

const turned = (vm: VmState, snapshot: number): VmState => ({
  ...vm,
  disks: vm.disks.map((disk) => snapshotOf(vm, snapshot).disks.find(({ number }) => number === disk.number) ?? disk),
});

/** What is newer than the snapshot goes, and so do all checkpoints. */
const committed = (vm: VmState, snapshot: number): VmState => ({
  ...shaken(vm),
  snapshots: vm.snapshots.slice(0, vm.snapshots.findIndex(({ number }) => number === snapshot) + 1),
  preview: undefined,
});
