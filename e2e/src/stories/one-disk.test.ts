import { join } from "node:path";
import { mkdir } from "node:fs/promises";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { expect, test } from "vitest";
import { findDifference } from "../harness/compare-files.ts";
import { openInstallation } from "../harness/installation.ts";
import { openLab, twoClusters } from "../harness/lab.ts";
import { createOperator, describeSession, present } from "../harness/operator.ts";
import { openTestRun } from "../harness/test-run.ts";

const MiB = 1024 * 1024;

test("a disk goes there and back: full, incremental, restored as a disk, bit for bit (R1, R3)", async () => {
  await using run = await openTestRun();
  await using lab = await openLab(run, {
    ...twoClusters("ovirt"),
    vms: [
      {
        name: "web-1",
        cluster: "east",
        status: "up",
        disks: [{ alias: "web-1_root", size: 32 * MiB, fill: { seed: "web-1", bytes: 20 * MiB } }],
      },
    ],
  });
  await using installation = await openInstallation({
    run,
    agents: [{ name: "east-1", manager: "ovirt", cluster: "east" }],
  });
  const operator = createOperator(installation);
  await operator.addManager(lab);
  await operator.addRepository();
  await operator.waitForAgents("east-1");
  await operator.createJob("nightly", ["web-1"]);
  const vm = present((await lab.control.listVms())[0]);
  const disk = present(vm.disks[0]);

  const reference = async (name: string): Promise<string> => {
    const directory = join(run.dir, name);
    await mkdir(directory);
    await lab.control.copyAtReady(vm.id, directory);
    return join(directory, `${disk.id}.raw`);
  };
  const restored = async (pointId: string, name: string): Promise<string> => {
    const session = await operator.restoreDisk(pointId, disk.id);
    expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
    const copyId = present(session.tasks[0]?.disks[0]).restoredDiskId;
    await lab.control.copyDisk(copyId, join(run.dir, name));
    return join(run.dir, name);
  };

  const firstReference = await reference("ref-1");
  const first = await operator.runJob("nightly");
  expect(first.result, describeSession(first)).toBe(Result.SUCCESS);
  expect(first.tasks[0]?.disks[0]).toMatchObject({ mode: "full", reason: "no-base" });

  await lab.control.startWriter(vm.id, { seed: 7, maxLengthBytes: MiB });
  const secondReference = await reference("ref-2");
  const second = await operator.runJob("nightly");
  await lab.control.stopWriter(vm.id);
  expect(second.result, describeSession(second)).toBe(Result.SUCCESS);
  expect(second.tasks[0]?.disks[0]).toMatchObject({ mode: "incremental" });

  const points = await operator.points("web-1");
  expect(points).toHaveLength(2);
  expect(
    await findDifference(await restored(present(points[0]).pointId, "disk-1.raw"), firstReference),
  ).toBeUndefined();
  expect(
    await findDifference(await restored(present(points[1]).pointId, "disk-2.raw"), secondReference),
  ).toBeUndefined();
});
