import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findDifference } from "../harness/compare-files.ts";
import { type Installation, openInstallation } from "../harness/installation.ts";
import { type Lab, openLab, twoClusters } from "../harness/lab.ts";
import { expectNothingLeft } from "../harness/nothing-left.ts";
import { type Operator, createOperator, describeSession, present } from "../harness/operator.ts";
import { type Dice, rollDice } from "../harness/seed.ts";
import { type TestRun, openTestRun } from "../harness/test-run.ts";
import { until } from "../harness/until.ts";
import { findLateReads } from "../harness/late-reads.ts";

const MiB = 1024 * 1024;

interface Case {
  readonly capture: "hybrid" | "live" | "cold";
  readonly volume: "qcow2" | "raw" | "template";
  readonly change: "full" | "changed" | "grown";
  /** Bytes over a multiple of the chunk. */
  readonly over: 0 | 512;
}

/** Every pair of two factors' values stands in some row. */
const cases: readonly Case[] = [
  { capture: "hybrid", volume: "qcow2", change: "full", over: 0 },
  { capture: "hybrid", volume: "raw", change: "changed", over: 512 },
  { capture: "hybrid", volume: "template", change: "grown", over: 512 },
  { capture: "live", volume: "qcow2", change: "changed", over: 512 },
  { capture: "live", volume: "raw", change: "grown", over: 0 },
  { capture: "live", volume: "template", change: "full", over: 512 },
  { capture: "cold", volume: "qcow2", change: "grown", over: 512 },
  { capture: "cold", volume: "raw", change: "full", over: 512 },
  { capture: "cold", volume: "template", change: "changed", over: 0 },
  { capture: "hybrid", volume: "qcow2", change: "changed", over: 0 },
];

let run: TestRun;
let lab: Lab;
let installation: Installation;
let operator: Operator;
let dice: Dice;

beforeAll(async () => {
  dice = rollDice("capture-matrix");
  run = await openTestRun();
  lab = await openLab(run, {
    ...twoClusters("ovirt"),
    templates: [
      {
        name: "golden",
        disks: [
          { alias: "golden_root", size: 16 * MiB + 512, fill: { seed: "golden", bytes: 6 * MiB } },
          { alias: "golden_even", size: 16 * MiB, fill: { seed: "even", bytes: 6 * MiB } },
        ],
      },
    ],
  });
  installation = await openInstallation({
    run,
    agents: [
      { name: "east-1", manager: "ovirt", cluster: "east" },
      { name: "west-1", manager: "ovirt", cluster: "west" },
    ],
  });
  operator = createOperator(installation);
  await operator.addManager(lab);
  await operator.addRepository();
  await operator.waitForAgents("east-1", "west-1");
});

afterAll(async () => {
  await installation?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
  await run?.[Symbol.asyncDispose]();
});

test.each(cases)(
  "$capture capture of a $volume disk, $change, $over bytes over: restored bit for bit (R1, R3, R4)",
  async (one) => {
    const name = `${one.capture}-${one.volume}-${one.change}`;
    const vm = await lab.control.addVm({
      name,
      cluster: one.capture === "hybrid" ? "east" : "west",
      status: "up",
      ...(one.volume === "template" ? { template: "golden" } : {}),
      disks: [
        one.volume === "template"
          ? { alias: "root", templateDisk: one.over === 0 ? "golden_even" : "golden_root" }
          : { alias: "root", size: 16 * MiB + one.over, format: one.volume, fill: { seed: name, bytes: 7 * MiB } },
      ],
    });
    const disk = present(vm.disks[0]);
    await operator.createJob(name, [name]);

    if (one.change !== "full") await firstPoint(name, one, vm.id);
    if (one.change === "grown") await lab.control.growDisk(disk.id, disk.sizeBytes + 3 * MiB);

    const directory = join(run.dir, name);
    await mkdir(directory);
    await lab.control.copyAtReady(vm.id, directory);
    await guestWrites(vm.id, one);
    const session = await operator.runJob(name);
    const late = await guestStops(vm.id, one);
    expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
    expect(session.tasks[0]).toMatchObject({ capture: one.capture });
    expect(session.tasks[0]?.disks[0]?.mode, describeSession(session)).toBe(expectedMode(one));
    if (one.capture !== "cold")
      expect(late, "a write after ready into a range that was read later").not.toHaveLength(0);

    const point = await operator.newestPoint(name);
    const restore = await operator.restoreDisk(point.pointId, disk.id);
    expect(restore.result, describeSession(restore)).toBe(Result.SUCCESS);
    const restored = join(run.dir, `${name}.raw`);
    await lab.control.copyDisk(present(restore.tasks[0]?.disks[0]).restoredDiskId, restored);
    expect(await findDifference(restored, join(directory, `${disk.id}.raw`))).toBeUndefined();
    await expectNothingLeft(lab, await allowed());
  },
);

const expectedMode = ({ volume, change }: Case): string => {
  if (change === "full") return "full";
  return volume === "raw" ? "compare" : "incremental";
};

/** A point to build on, with changes after it. */
const firstPoint = async (name: string, one: Case, vmId: string): Promise<void> => {
  if (one.capture === "cold") await lab.control.stopVm(vmId);
  const first = await operator.runJob(name);
  expect(first.result, describeSession(first)).toBe(Result.SUCCESS);
  if (one.capture === "cold") await lab.control.startVm(vmId);
};

/** The guest writes: while the backup runs, or, for a cold one, until it is shut down before. */
const guestWrites = async (vmId: string, one: Case): Promise<void> => {
  await lab.control.startWriter(vmId, { seed: dice.below(1_000_000), maxLengthBytes: MiB, pauseMs: 2 });
  await until("the guest to write", async () =>
    (await lab.control.readWriter(vmId)).every(({ writes }) => writes.length >= 12),
  );
  if (one.capture !== "cold") return;
  await lab.control.stopWriter(vmId);
  await lab.control.stopVm(vmId);
};

/** Ends the guest; answers its writes that fell, after the capture was ready, into ranges that were read later. */
const guestStops = async (vmId: string, one: Case): Promise<readonly unknown[]> => {
  if (one.capture === "cold") {
    await lab.control.startVm(vmId);
    await lab.control.startWriter(vmId, { seed: dice.below(1_000_000), maxLengthBytes: MiB, pauseMs: 2 });
    await until("the guest to write again", async () =>
      (await lab.control.readWriter(vmId)).every(({ writes }) => writes.length >= 4),
    );
  }
  const logs = await lab.control.stopWriter(vmId);
  return findLateReads(logs);
};

/** What may be on the engine: the newest points' checkpoints, and the disks that restores made. */
const allowed = async () => {
  const found = await lab.control.leftovers();
  const points = await Promise.all((await lab.control.listVms()).map((vm) => operator.points(vm.id)));
  return {
    disks: found.disks.filter((disk) => disk.vmIds.length === 0).map((disk) => disk.id),
    checkpoints: points.flatMap((all) =>
      all.length === 0 ? [] : found.checkpoints.map((checkpoint) => checkpoint.id),
    ),
  };
};
