import * as fc from "fast-check";
import { expect, test } from "vitest";

import type { AttachedDisk } from "../hypervisor/inventory.ts";
import { type PlanInput, type PlannedDisk, disksToCapture, planDisks } from "./plan-disks.ts";
import { type Reason, reasons } from "./reasons.ts";
import { settleModes, withoutTracking } from "./settle-modes.ts";
import { aDisk, aVm } from "./testing/vm-fixtures.ts";

const size = 64 * 2 ** 20;
const checkpoint = { id: "cp1", parentId: undefined, state: "created", description: "", createdMs: 1 } as const;

/** A plan for one disk `d` whose base has it, tracked by a checkpoint that the engine lists; with changes. */
const planOne = (disk: Partial<AttachedDisk> = {}, change: Partial<PlanInput> = {}): PlannedDisk => {
  const plan = planDisks(inputFor([aDisk("d", disk)], change));
  const [planned] = plan.disks;
  if (planned === undefined) throw new Error("the plan has no disk");
  return planned;
};

const inputFor = (disks: readonly AttachedDisk[], change: Partial<PlanInput> = {}): PlanInput => ({
  vm: aVm(disks),
  base: { pointId: "p1", capturedMs: 1, checkpointId: "cp1", disks: [{ id: "d", sizeBytes: size }] },
  checkpoint,
  trackedDiskIds: new Set(["d"]),
  excludedDiskIds: new Set(),
  distrustTracking: false,
  ...change,
});

const noCheckpoint = { pointId: "p1", capturedMs: 1, checkpointId: undefined, disks: [{ id: "d", sizeBytes: size }] };
const level44 = { level: { major: 4, minor: 4 } };
const old = aVm([aDisk("d", { incrementalEnabled: false })], level44);

type Row = readonly [string, Partial<AttachedDisk>, Partial<PlanInput>, string, Reason];

const planned: readonly Row[] = [
  ["tracked since the base", {}, {}, "incremental", "tracking-good"],
  ["grown", { sizeBytes: 2 * size }, {}, "incremental", "grown-disk"],
  ["of a first backup", {}, { base: undefined, checkpoint: undefined }, "full", "no-base"],
  [
    "new since the base",
    {},
    { base: { pointId: "p1", capturedMs: 1, checkpointId: "cp1", disks: [] } },
    "full",
    "new-disk",
  ],
  ["raw, first", { format: "raw" }, { base: undefined }, "full", "raw-disk"],
  ["raw, in the base", { format: "raw" }, {}, "compare", "raw-disk"],
  ["shrunk", { sizeBytes: size / 2 }, {}, "compare", "shrunk-disk"],
  ["whose checkpoint is gone", {}, { checkpoint: undefined }, "compare", "checkpoint-missing"],
  [
    "whose checkpoint is invalid",
    {},
    { checkpoint: { ...checkpoint, state: "invalid" } },
    "compare",
    "checkpoint-invalid",
  ],
  ["that the checkpoint does not track", {}, { trackedDiskIds: new Set<string>() }, "compare", "base-untracked"],
  ["whose base has no checkpoint", {}, { base: noCheckpoint, checkpoint: undefined }, "compare", "base-untracked"],
  ["whose tracking broke an attempt", {}, { distrustTracking: true }, "compare", "tracking-broken"],
  ["of a manager trusted anew", {}, { doubtsCheckpoint: true }, "compare", "checkpoint-doubted"],
  ["of a VM whose tracking lied since the base", {}, { hasLiedSince: true }, "compare", "tracking-lied-since"],
  ["without tracking on an old level", {}, { vm: old }, "compare", "tracking-off"],
  [
    "without tracking on an old level, whose base has none either",
    {},
    { vm: old, base: noCheckpoint, checkpoint: undefined },
    "compare",
    "tracking-off",
  ],
  ["of an active full", {}, { wholeRead: "active-full" }, "full", "active-full"],
  ["that is audited", {}, { wholeRead: "audit" }, "full", "audit"],
  ["new since the base, of an active full", { id: "e" }, { wholeRead: "active-full" }, "full", "new-disk"],
  ["not plugged in, of an active full", { active: false }, { wholeRead: "active-full" }, "skipped", "not-active"],
  ["that the job leaves out", {}, { excludedDiskIds: new Set(["d"]) }, "skipped", "disk-excluded"],
  ["not plugged in", { active: false }, {}, "skipped", "not-active"],
  ["shareable", { shareable: true }, {}, "skipped", "shareable"],
  ["a direct lun", { storageType: "lun" }, {}, "skipped", "lun"],
  ["on foreign storage", { storageType: "managed_block_storage" }, {}, "skipped", "foreign-storage"],
  ["illegal", { status: "illegal" }, {}, "skipped", "illegal"],
];

test.each(planned)("a disk %s is read as decided", (...row) => {
  const [, disk, change, mode, reason] = row;
  expect(planOne(disk, change)).toMatchObject({ mode, reason });
});

test("below level 4.5 a first read names the disks whose flag must be set for the next one to be an increment", () => {
  const plan = planDisks(inputFor(old.disks, { vm: old, base: undefined, checkpoint: undefined }));
  expect(plan.disks[0]).toMatchObject({ mode: "full", reason: "no-base", besides: "tracking-off" });
  expect(plan.remarks.map(({ level, code }) => [level, code])).toEqual([["notice", "TRACKING_OFF"]]);
});

test("every reason that a plan can give stands in the table above", () => {
  const settled: readonly Reason[] = [
    "engine-says-full",
    "engine-left-out",
    "below-level",
    "checkpoint-refused",
    "snapshot-capture",
  ];
  const inTable = planned.map((row) => row[4]);
  expect(new Set([...inTable, ...settled])).toEqual(new Set(Object.keys(reasons)));
});

test("an active full asks for changes too, to check them; what is not tracked is read without that, and says why", () => {
  const disks = [aDisk("d"), aDisk("r", { format: "raw" })];
  const base = {
    pointId: "p1",
    capturedMs: 1,
    checkpointId: "cp1",
    disks: ["d", "r"].map((id) => ({ id, sizeBytes: size })),
  };
  const plan = planDisks(inputFor(disks, { base, wholeRead: "active-full" }));
  expect(plan.fromCheckpointId).toBe("cp1");
  expect(plan.disks.map(({ mode, checksTracking, besides }) => [mode, checksTracking, besides])).toEqual([
    ["full", true, undefined],
    ["full", false, "raw-disk"],
  ]);
  expect(plan.remarks.map(({ code, diskId }) => [code, diskId])).toEqual([["RAW_DISK", "r"]]);

  const lost = planDisks(inputFor([aDisk("d")], { wholeRead: "audit", checkpoint: undefined }));
  expect(lost.fromCheckpointId).toBeUndefined();
  expect(lost.remarks.map(({ level, code }) => [level, code])).toEqual([
    ["notice", "AUDIT"],
    ["warning", "CHECKPOINT_MISSING"],
  ]);
});

test("an active full whose changes the engine does not tell is read all the same, and says so", () => {
  const plan = planDisks(inputFor([aDisk("d")], { wholeRead: "active-full" }));
  for (const changed of [
    settleModes(plan, [{ diskId: "d", mode: "full" }]),
    withoutTracking(plan, "engine-says-full"),
  ]) {
    expect(changed.disks[0]).toMatchObject({ mode: "full", reason: "active-full", checksTracking: false });
    expect(changed.remarks.map(({ code }) => code)).toEqual(["ENGINE_SAYS_FULL"]);
  }
});

test("below level 4.5 the changes of all disks are asked for or of none, since the engine refuses a mixture", () => {
  const disks = [aDisk("d"), aDisk("e", { incrementalEnabled: false })];
  const base = {
    pointId: "p1",
    capturedMs: 1,
    checkpointId: "cp1",
    disks: ["d", "e"].map((id) => ({ id, sizeBytes: size })),
  };
  const plan = planDisks(inputFor(disks, { base, vm: aVm(disks, level44) }));
  expect(plan.fromCheckpointId).toBeUndefined();
  expect(plan.disks.map(({ mode, reason }) => [mode, reason])).toEqual([
    ["compare", "below-level"],
    ["compare", "tracking-off"],
  ]);
  const all = [aDisk("d"), aDisk("x", { shareable: true })];
  expect(planDisks(inputFor(all, { vm: aVm(all, level44) })).fromCheckpointId).toBe("cp1");
});

test("disks of the engine's own are not in a plan at all", () => {
  const plan = planDisks(inputFor([aDisk("d"), aDisk("s", { contentType: "backup_scratch" })]));
  expect(plan.disks.map(({ id }) => id)).toEqual(["d"]);
});

test("the checkpoint is asked for only when a disk is read by it", () => {
  expect(planDisks(inputFor([aDisk("d")])).fromCheckpointId).toBe("cp1");
  expect(planDisks(inputFor([aDisk("d", { format: "raw" }), aDisk("e")])).fromCheckpointId).toBeUndefined();
});

test("R10: what was planned is a notice, what was not is a warning, what is as it should be is silent", () => {
  const disks = [aDisk("d"), aDisk("r", { format: "raw" }), aDisk("x", { status: "illegal" })];
  expect(planDisks(inputFor(disks)).remarks.map(({ level, code, diskId }) => [level, code, diskId])).toEqual([
    ["notice", "RAW_DISK", "r"],
    ["warning", "ILLEGAL", "x"],
  ]);
});

test("R3: the engine's word at ready turns a disk to compare, and names what it left out", () => {
  const plan = planDisks(inputFor([aDisk("d"), aDisk("e"), aDisk("f")], { trackedDiskIds: new Set(["d"]) }));
  const settled = settleModes(plan, [
    { diskId: "d", mode: "full" },
    { diskId: "e", mode: "incremental" },
  ]);
  expect(settled.disks.map(({ id, mode, reason }) => [id, mode, reason])).toEqual([
    ["d", "compare", "engine-says-full"],
    ["e", "full", "new-disk"],
    ["f", "skipped", "engine-left-out"],
  ]);
  expect(settled.remarks.map(({ code }) => code)).toEqual(["ENGINE_SAYS_FULL", "NEW_DISK", "ENGINE_LEFT_OUT"]);
});

test("a refused checkpoint costs tracking with a warning, and nothing else", () => {
  const plan = withoutTracking(planDisks(inputFor([aDisk("d"), aDisk("r", { format: "raw" })])), "checkpoint-missing");
  expect(plan.fromCheckpointId).toBeUndefined();
  expect(plan.disks.map(({ mode, reason }) => [mode, reason])).toEqual([
    ["compare", "checkpoint-missing"],
    ["full", "raw-disk"],
  ]);
});

const anyDisk = fc.record({
  format: fc.constantFrom("cow", "raw"),
  active: fc.boolean(),
  shareable: fc.boolean(),
  sizeBytes: fc.constantFrom(size / 2, size, 2 * size),
  storageType: fc.constantFrom("image", "lun"),
});

/** What a base, a checkpoint and a disk may be; with all of them right the disk may be trusted. */
const anyInput = fc.record({
  base: fc.constantFrom("none", "without the disk", "with the disk"),
  state: fc.constantFrom("created", "invalid", "none"),
  tracked: fc.boolean(),
  distrustTracking: fc.boolean(),
});
type AnyInput = typeof anyInput extends fc.Arbitrary<infer Value> ? Value : never;

const toInput = ({ base, state, tracked, distrustTracking }: AnyInput): Partial<PlanInput> => {
  const disks = base === "with the disk" ? [{ id: "d", sizeBytes: size }] : [];
  return {
    base: base === "none" ? undefined : { pointId: "p", capturedMs: 1, checkpointId: "cp1", disks },
    checkpoint: state === "none" ? undefined : { ...checkpoint, state },
    trackedDiskIds: new Set(tracked ? ["d"] : []),
    distrustTracking,
  };
};

test("R3: whatever the inputs, a disk is read by tracked changes only when base, checkpoint and disk agree", () => {
  fc.assert(
    fc.property(anyDisk, anyInput, (disk, input) => {
      const planned = planOne(disk, toInput(input));
      const reasonsAgainst = [
        input.base !== "with the disk",
        input.state !== "created",
        !input.tracked,
        input.distrustTracking,
        disk.format === "raw",
        disk.sizeBytes < size,
      ];
      const isReadable = disk.active && !disk.shareable && disk.storageType === "image";
      expect(planned.mode === "incremental").toBe(isReadable && !reasonsAgainst.includes(true));
      expect(disksToCapture({ disks: [planned] })).toHaveLength(isReadable ? 1 : 0);
      expect(Object.keys(reasons)).toContain(planned.reason);
    }),
  );
});
