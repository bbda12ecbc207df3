import type { Step, VmAct } from "./step.ts";
import { type DiskState, type SnapshotState, type VmState, type WalkState, trackable } from "./walk-state.ts";

/** What came of a step, as far as the model cannot know it. */
export interface Outcome {
  /** A point was made. */
  readonly made: boolean;
}

/** The state after a step. */
export const takeStep = (state: WalkState, { vm: index, act }: Step, outcome: Outcome): WalkState => ({
  vms: state.vms.map((vm, at) => (at === index ? after(vm, act, state.nextNumber, outcome) : vm)),
  nextNumber: state.nextNumber + (act.kind === "add-disk" || act.kind === "take-snapshot" ? 1 : 0),
});

const after = (vm: VmState, act: VmAct, number: number, outcome: Outcome): VmState => {
  switch (act.kind) {
    case "write":
    case "zero":
    case "discard":
    case "kill":
    case "restore-disk":
    case "restore-vm":
      return vm;
    case "add-disk":
      return { ...vm, disks: [...vm.disks, { number, sizeMiB: act.sizeMiB, format: act.format }] };
    case "remove-disk":
      return { ...vm, disks: vm.disks.filter((disk) => disk.number !== act.disk) };
    case "grow-disk":
      return changed(vm, act.disk, (disk) => ({ ...disk, sizeMiB: disk.sizeMiB + act.byMiB }));
    case "convert-disk":
      return changed(vm, act.disk, (disk) => ({ ...disk, format: act.format }));
    case "take-snapshot":
      return { ...vm, snapshots: [...vm.snapshots, { number, disks: vm.disks }] };
    case "delete-snapshot":
      return { ...vm, snapshots: vm.snapshots.filter((one) => one.number !== act.snapshot) };
    case "preview-snapshot":
      return { ...turned(vm, act.snapshot), preview: { snapshot: act.snapshot, before: vm.disks } };
    case "restore-snapshot":
      return committed(turned(vm, act.snapshot), act.snapshot);
    case "undo-preview":
      return { ...shaken(vm), disks: vm.preview?.before ?? vm.disks, preview: undefined };
    case "commit-preview":
      return committed(vm, vm.preview?.snapshot ?? -1);
    case "power-on":
      return { ...vm, status: "up" };
    case "power-off":
      return { ...vm, status: "down" };
    case "power-cut":
    case "lose-host":
      return { ...shaken(vm), status: "down" };
    case "spoil-bitmaps":
      return { ...vm, shaken: true, hasCheckpoint: act.damage === "invalid" || act.damage === "forgetful" };
    case "delete-checkpoints":
      return shaken(vm);
    case "backup":
      return outcome.made ? withPoint(vm) : vm;
    case "backup-disturbed": {
      const left = outcome.made ? withPoint(vm) : shaken(vm);
      return act.by === "host" ? { ...shaken(left), status: "down" } : left;
    }
    case "delete-point":
      return act.point === 0 ? { ...shaken(vm), points: vm.points - 1 } : { ...vm, points: vm.points - 1 };
  }
};

/** Without a checkpoint that is whole: the next increment may have nothing to begin from. */
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
