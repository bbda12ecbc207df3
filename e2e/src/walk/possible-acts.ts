import type { VmAct } from "./step.ts";
import { type DiskState, type SnapshotState, type VmState, hasSnapshot } from "./walk-state.ts";

/** Something that can be done, and how often it is chosen beside the rest. */
export interface WeighedAct {
  readonly weight: number;
  readonly act: VmAct;
}

/** Bounds of a walk, so that it stays small however long it is. */
export interface WalkLimits {
  readonly disks: number;
  readonly diskMiB: number;
  readonly snapshots: number;
  /** From so many points on, deletions are more frequent than backups. */
  readonly points: number;
}

/** A whole number from 0 to below `limit`. */
export type Below = (limit: number) => number;

/** Everything that a user, an operator and fate can do to a VM now. The sizes, seeds and moments are rolled. */
export const possibleActs = (vm: VmState, limits: WalkLimits, below: Below): readonly WeighedAct[] => [
  ...guestActs(vm, below),
  ...(vm.preview === undefined ? diskActs(vm, limits, below) : []),
  ...snapshotActs(vm, limits),
  ...powerActs(vm),
  ...trackingActs(vm),
  ...backupActs(vm, below),
  ...pointActs(vm, limits, below),
];

const guestActs = (vm: VmState, below: Below): readonly WeighedAct[] =>
  vm.status === "down"
    ? []
    : vm.disks.flatMap(({ number: disk }) =>
        (["write", "write", "zero", "discard"] as const).map((kind) => ({
          weight: 2,
          act: { kind, disk, seed: below(1_000_000) },
        })),
      );

const diskActs = (vm: VmState, limits: WalkLimits, below: Below): readonly WeighedAct[] => [
  ...(vm.disks.length >= limits.disks
    ? []
    : (["cow", "raw"] as const).map((format): WeighedAct => {
        const sizeMiB = 1 + below(limits.diskMiB);
        return { weight: 1, act: { kind: "add-disk", format, sizeMiB } };
      })),
  ...vm.disks.flatMap((disk) => oneDiskActs(vm, disk, limits, below)),
];

const oneDiskActs = (vm: VmState, disk: DiskState, limits: WalkLimits, below: Below): readonly WeighedAct[] => {
  const { number, sizeMiB, format } = disk;
  const isHeld = hasSnapshot(vm, number);
  const room = limits.diskMiB - sizeMiB;
  const acts: WeighedAct[] = [];
  // QEMU refuses to grow what has an unsound bitmap.
  if (room > 0 && !vm.shaken) {
    acts.push({ weight: 1, act: { kind: "grow-disk", disk: number, byMiB: 1 + below(Math.min(2, room)) } });
  }
  if (!isHeld && vm.disks.length > 1) acts.push({ weight: 1, act: { kind: "remove-disk", disk: number } });
  if (!isHeld && vm.status === "down") {
    acts.push({ weight: 2, act: { kind: "convert-disk", disk: number, format: format === "cow" ? "raw" : "cow" } });
  }
  return acts;
};

const snapshotActs = (vm: VmState, limits: WalkLimits): readonly WeighedAct[] => {
  if (vm.preview !== undefined) {
    return vm.status === "up"
      ? []
      : [
          { weight: 6, act: { kind: "undo-preview" } },
          { weight: 6, act: { kind: "commit-preview" } },
        ];
  }
  const more = vm.snapshots.length < limits.snapshots;
  return [
    ...(more ? [{ weight: 3, act: { kind: "take-snapshot" } } as const] : []),
    ...vm.snapshots.map(({ number }): WeighedAct => ({
      weight: 2,
      act: { kind: "delete-snapshot", snapshot: number },
    })),
    ...(vm.status === "up" ? [] : vm.snapshots.filter((one) => holdsAll(one, vm)).flatMap(turningActs)),
  ];
};

const holdsAll = (snapshot: SnapshotState, vm: VmState): boolean =>
  vm.disks.every((disk) => snapshot.disks.some(({ number }) => number === disk.number));

const turningActs = ({ number: snapshot }: SnapshotState): readonly WeighedAct[] =>
  (["preview-snapshot", "restore-snapshot"] as const).map((kind) => ({ weight: 3, act: { kind, snapshot } }));

const powerActs = (vm: VmState): readonly WeighedAct[] =>
  vm.status === "down"
    ? [{ weight: 6, act: { kind: "power-on" } }]
    : [
        { weight: 3, act: { kind: "power-off" } },
        { weight: 1, act: { kind: "power-cut" } },
        { weight: 1, act: { kind: "lose-host" } },
      ];

const trackingActs = (vm: VmState): readonly WeighedAct[] => {
  // What a preview shows has bitmaps of before the checkpoint, or none.
  if (!vm.hasCheckpoint || vm.preview !== undefined) return [];
  const damages = (["missing", "forgetful", "invalid"] as const).map((damage): WeighedAct => ({
    weight: 1,
    act: { kind: "spoil-bitmaps", damage },
  }));
  return [
    ...damages,
    // A running VM loses what its bitmaps recorded by a power cut.
    ...(vm.status === "down" ? [{ weight: 1, act: { kind: "spoil-bitmaps", damage: "inconsistent" } } as const] : []),
    { weight: 1, act: { kind: "delete-checkpoints" } },
  ];
};

const backupActs = (vm: VmState, below: Below): readonly WeighedAct[] => {
  const at = (["preparing", "running", "settling"] as const)[below(3)] ?? "running";
  const quiet: readonly WeighedAct[] = [
    { weight: vm.preview === undefined ? 6 : 2, act: { kind: "backup" } },
    { weight: 0.5, act: { kind: "kill", target: "agent" } },
    { weight: 0.5, act: { kind: "kill", target: "controller" } },
  ];
  if (vm.preview !== undefined) return quiet;
  const disturbed = (["agent", "controller", "host"] as const).map((by): WeighedAct => ({
    weight: 0.5,
    act: { kind: "backup-disturbed", by, at },
  }));
  return [...quiet, ...disturbed];
};

const pointActs = (vm: VmState, limits: WalkLimits, below: Below): readonly WeighedAct[] => {
  if (vm.points === 0) return [];
  const point = below(vm.points);
  return [
    { weight: vm.points > limits.points ? 30 : 1.5, act: { kind: "delete-point", point } },
    { weight: 1, act: { kind: "restore-disk", point, seed: below(1_000_000) } },
    { weight: 0.7, act: { kind: "restore-vm", point } },
  ];
};
