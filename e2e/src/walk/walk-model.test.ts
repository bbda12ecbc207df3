import { expect, test } from "vitest";
import { createDice } from "../harness/seed.ts";
import { chooseStep } from "./choose-step.ts";
import { expectedEnd, findSurprises } from "./expected-end.ts";
import { possibleActs } from "./possible-acts.ts";
import { type VmAct, describeStep } from "./step.ts";
import { takeStep } from "./take-step.ts";
import { type VmState, type WalkState, initialState, trackable } from "./walk-state.ts";

const limits = { disks: 3, diskMiB: 6, snapshots: 2, points: 8 };

const walkBy = (state: WalkState, ...acts: readonly VmAct[]): WalkState =>
  acts.reduce((now, act) => takeStep(now, { vm: 0, act }, { made: true }), state);

const first = ({ vms }: WalkState): VmState => {
  const [vm] = vms;
  if (vm === undefined) throw new Error("no VM");
  return vm;
};

const start = initialState(1, 4);
const backup: VmAct = { kind: "backup" };
const kindsOf = (vm: VmState): ReadonlySet<string> =>
  new Set(possibleActs(vm, limits, () => 0).map(({ act }) => act.kind));

test("a guest writes only while its VM is up, and only a VM that is down is converted or previewed", () => {
  const up = walkBy(start, { kind: "take-snapshot" }, { kind: "add-disk", format: "raw", sizeMiB: 1 });
  expect(kindsOf(first(up))).toContain("write");
  expect(kindsOf(first(up))).not.toContain("convert-disk");
  const down = walkBy(up, { kind: "power-off" });
  expect(kindsOf(first(down))).not.toContain("write");
  expect(kindsOf(first(down))).toContain("convert-disk");
  expect(kindsOf(first(down)), "a snapshot without the new disk").not.toContain("preview-snapshot");
  const plain = walkBy(start, { kind: "take-snapshot" }, { kind: "power-off" });
  expect(kindsOf(first(plain))).toContain("preview-snapshot");
});

test("a preview shows the disks of then; undone they are as before, committed they stay, and newer snapshots are gone", () => {
  const before = walkBy(
    start,
    { kind: "take-snapshot" },
    { kind: "grow-disk", disk: 0, byMiB: 2 },
    { kind: "take-snapshot" },
    { kind: "power-off" },
  );
  const shown = walkBy(before, { kind: "preview-snapshot", snapshot: 1 });
  expect(first(shown)).toMatchObject({ disks: [{ sizeMiB: 4 }], preview: { snapshot: 1 } });
  expect(kindsOf(first(shown))).not.toContain("grow-disk");
  const undone = walkBy(shown, { kind: "undo-preview" });
  expect(first(undone)).toMatchObject({ disks: [{ sizeMiB: 6 }], preview: undefined });
  expect(first(undone).snapshots).toHaveLength(2);
  const committed = walkBy(shown, { kind: "commit-preview" });
  expect(first(committed)).toMatchObject({ disks: [{ sizeMiB: 4 }], snapshots: [{ number: 1 }], shaken: true });
  expect(first(walkBy(before, { kind: "restore-snapshot", snapshot: 1 }))).toEqual(first(committed));
});

test("a raw disk can be tracked while a snapshot holds it", () => {
  const raw = walkBy(start, { kind: "power-off" }, { kind: "convert-disk", disk: 0, format: "raw" });
  expect(trackable(first(raw))).toEqual([]);
  expect(first(walkBy(raw, backup)).hasCheckpoint).toBe(false);
  const held = walkBy(raw, { kind: "take-snapshot" }, backup);
  expect(trackable(first(held))).toHaveLength(1);
  const [snapshot] = first(held).snapshots;
  const merged = walkBy(held, { kind: "delete-snapshot", snapshot: snapshot?.number ?? -1 });
  expect(first(merged)).toMatchObject({ shaken: true, hasCheckpoint: false });
});

test.each([
  ["a power cut", { kind: "power-cut" }],
  ["a lost host", { kind: "lose-host" }],
  ["a damaged bitmap", { kind: "spoil-bitmaps", damage: "forgetful" }],
  ["a deleted checkpoint", { kind: "delete-checkpoints" }],
  ["the newest point's removal", { kind: "delete-point", point: 0 }],
] as const)("after %s a comparison may be told; without it every warning is a surprise", (_name, act) => {
  const calm = walkBy(start, backup, backup);
  const shaken = walkBy(calm, act);
  const warned = { made: true, errors: [], warnings: ["CHECKPOINT_MISSING"] };
  expect(findSurprises(expectedEnd(first(shaken), { kind: "backup" }), warned)).toEqual([]);
  expect(findSurprises(expectedEnd(first(calm), { kind: "backup" }), warned)).toHaveLength(1);
  expect(expectedEnd(first(walkBy(shaken, backup)), { kind: "backup" }).warnings).toEqual([]);
});

test("removing an older point shakes nothing, and leaves the newest's checkpoint", () => {
  const after = walkBy(start, backup, backup, { kind: "delete-point", point: 1 });
  expect(first(after)).toMatchObject({ points: 1, shaken: false, hasCheckpoint: true });
});

test("a VM in a preview is refused, by its code alone", () => {
  const vm = first(
    walkBy(start, { kind: "take-snapshot" }, { kind: "power-off" }, { kind: "preview-snapshot", snapshot: 1 }),
  );
  const expected = expectedEnd(vm, { kind: "backup" });
  expect(findSurprises(expected, { made: false, errors: ["VM_STATE_UNFIT"], warnings: [] })).toEqual([]);
  expect(findSurprises(expected, { made: false, errors: ["CAPTURE_FAILED"], warnings: [] })).toHaveLength(1);
  expect(findSurprises(expected, { made: true, errors: [], warnings: [] })).toHaveLength(1);
});

test("a session without a point and without a code is a surprise, whatever was expected", () => {
  const disturbed = { kind: "backup-disturbed", by: "host", at: "running" } as const;
  const nothing = { made: false, errors: [], warnings: [] };
  expect(findSurprises(expectedEnd(first(start), disturbed), nothing)).toHaveLength(1);
  expect(findSurprises(expectedEnd(first(start), backup), nothing)).toHaveLength(2);
});

test("a backup that made no point leaves what was shaken shaken; a lost host leaves its VM down", () => {
  const act = { kind: "backup-disturbed", by: "host", at: "running" } as const;
  const after = takeStep(start, { vm: 0, act }, { made: false });
  expect(first(after)).toMatchObject({ status: "down", points: 0, shaken: true });
});

test("ten thousand steps keep to the limits, use every kind, and are the same for the same seed", () => {
  const walk = (seed: number) => {
    const dice = createDice(seed);
    const kinds = new Map<string, number>();
    let state = initialState(2, 4);
    let last = "";
    for (let number = 0; number < 10_000; number += 1) {
      const step = chooseStep(state, limits, dice.below);
      kinds.set(step.act.kind, (kinds.get(step.act.kind) ?? 0) + 1);
      state = takeStep(state, step, { made: state.vms[step.vm]?.preview === undefined });
      last = describeStep(step);
      for (const vm of state.vms) {
        expect(vm.disks.length).toBeLessThanOrEqual(limits.disks);
        expect(vm.disks.length).toBeGreaterThan(0);
        expect(vm.disks.every(({ sizeMiB }) => sizeMiB >= 1 && sizeMiB <= limits.diskMiB)).toBe(true);
        expect(vm.snapshots.length).toBeLessThanOrEqual(limits.snapshots);
        expect(vm.points).toBeGreaterThanOrEqual(0);
        expect(vm.points).toBeLessThan(limits.points * 3);
      }
    }
    return { kinds, last };
  };
  const once = walk(7);
  expect(once.kinds.size).toBe(25);
  for (const [kind, times] of once.kinds) expect(times, kind).toBeGreaterThan(40);
  expect(walk(7)).toEqual(once);
});
