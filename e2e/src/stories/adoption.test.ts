import { join } from "node:path";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openCommandLine } from "../harness/command-line.ts";
import { findDifference } from "../harness/compare-files.ts";
import { openInstallation } from "../harness/installation.ts";
import { type Lab, openLab, twoClusters } from "../harness/lab.ts";
import { type Operator, createOperator, describeSession, present } from "../harness/operator.ts";
import { type TestRun, openTestRun } from "../harness/test-run.ts";

const MiB = 1024 * 1024;
const stack = new AsyncDisposableStack();
const agents = [{ name: "east-1", manager: "ovirt", cluster: "east" }];

let run: TestRun;
let lab: Lab;
let directory = "";
let reference = "";

/** What an installation that is lost left in its repository: a point of a job. */
const leaveBehind = async (): Promise<void> => {
  await using lost = await openTestRun();
  await using installation = await openInstallation({ run: lost, agents, repositoryDir: directory });
  const operator = createOperator(installation);
  await operator.addManager(lab);
  await operator.addRepository();
  await operator.waitForAgents("east-1");
  await operator.createJob("nightly", ["web-1"]);
  const { id, disks } = present((await lab.control.listVms())[0]);
  await lab.control.copyAtReady(id, run.dir);
  reference = join(run.dir, `${present(disks[0]).id}.raw`);
  expectSuccess(await operator.runJob("nightly"));
};

const expectSuccess = (session: Awaited<ReturnType<Operator["runJob"]>>): void => {
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
};

beforeAll(async () => {
  run = stack.use(await openTestRun());
  directory = join(run.dir, "left");
  const disk = { alias: "web-1_root", size: 16 * MiB, fill: { seed: "web-1", bytes: 8 * MiB } };
  lab = stack.use(
    await openLab(run, {
      ...twoClusters("ovirt"),
      vms: [{ name: "web-1", cluster: "east", status: "up", disks: [disk] }],
    }),
  );
  await leaveBehind();
});
afterAll(() => stack.disposeAsync());

test("another installation adopts a repository whole: it lists, restores and builds on what it never saw (R1, R3)", async () => {
  const installation = stack.use(await openInstallation({ run, agents, repositoryDir: directory }));
  const operator = createOperator(installation);
  const holdfast = openCommandLine(run, installation);
  await operator.addManager(lab);
  await operator.addRepository();
  await operator.waitForAgents("east-1");

  const rescan = await holdfast(["repository", "rescan", "main", "--wait"]);
  expect(rescan.code, rescan.stderr).toBe(0);
  for (const words of ["1 points of 1 VMs", "VM web-1: 1 points", "job nightly is not known here"])
    expect(rescan.stdout).toContain(words);
  expect((await holdfast(["point", "list"])).stdout).toMatch(/web-1 .* nightly \(gone\)/);

  const found = await operator.newestPoint("web-1");
  const session = await operator.restoreDisk(found.pointId, present(found.disks[0]).diskId);
  expectSuccess(session);
  const restored = join(run.dir, "restored.raw");
  await lab.control.copyDisk(present(session.tasks[0]?.disks[0]).restoredDiskId, restored);
  expect(await findDifference(restored, reference)).toBeUndefined();

  await operator.createJob("daily", ["web-1"]);
  const increment = await operator.runJob("daily");
  expectSuccess(increment);
  expect(increment.tasks[0]).toMatchObject({ basePointId: found.pointId, disks: [{ mode: "unchanged" }] });
});
