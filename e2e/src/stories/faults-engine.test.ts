import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import type { Session } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { slowReads, untilTransferring } from "../harness/mid-transfer.ts";
import { describeSession, present } from "../harness/operator.ts";
import { type Stage, type StagedVm, openStage } from "../harness/stage.ts";
import { until } from "../harness/until.ts";

let stage: Stage;

beforeAll(async () => {
  stage = await openStage({ agents: ["east-1"] });
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

const warnings = (session: Session): readonly string[] =>
  present(session.tasks[0])
    .remarks.filter(({ level }) => level === "warning")
    .map(({ code }) => code);

const expectSuccess = (session: Session): void => {
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
};

/** A VM with a point and changes since. */
const changedVm = async (name: string, cluster: "east" | "west" = "east"): Promise<StagedVm> => {
  const vm = await stage.addVm(name, { cluster });
  expectSuccess(await stage.backUp(vm));
  await stage.change(vm, name.length);
  return vm;
};

const checkpointOf = async (vm: StagedVm): Promise<string> =>
  present((await stage.lab.control.leftovers()).checkpoints.find(({ vmId }) => vmId === vm.id)).id;

test("bursts of 503 from the web server before the engine: asked again, and nobody notices", async () => {
  const { lab } = stage;
  const vm = await stage.addVm("bursts");
  for (const route of [
    "POST /vms/:vm/backups",
    "GET /vms/:vm/backups/:backup",
    "POST /imagetransfers",
    "POST /imagetransfers/:transfer/finalize",
    "POST /vms/:vm/backups/:backup/finalize",
  ])
    await lab.control.armFault({ route, times: route === "POST /imagetransfers" ? 1 : 2, effect: { kind: "html503" } });
  expectSuccess(await stage.backUp(vm));
  await stage.expectSound(vm, 1);
});

test("the engine goes away in mid-transfer and comes back: the session waits for it", async () => {
  const { lab, engineRelay, operator } = stage;
  const vm = await stage.addVm("engine-away");
  await slowReads(lab, 500);
  const sessionId = await stage.start(vm.name);
  await untilTransferring(lab, vm);
  engineRelay.setRefusing(true);
  await lab.control.clearFaults();
  await until(
    "the session to need the engine",
    async () => (await operator.session(sessionId)).tasks[0]?.state !== "running",
  );
  engineRelay.setRefusing(false);
  expectSuccess(await operator.waitForEnd(sessionId));
  await stage.expectSound(vm, 1);
});

test.each(["before", "after"] as const)(
  "the answers to start, finalise and transfer calls are lost %s they are carried out: nothing is doubled, nothing is left",
  async (when) => {
    const { lab } = stage;
    const vm = await stage.addVm(`dropped-${when}`);
    for (const route of [
      "POST /vms/:vm/backups",
      "POST /imagetransfers",
      "POST /imagetransfers/:transfer/finalize",
      "POST /vms/:vm/backups/:backup/finalize",
    ])
      await lab.control.armFault({ route, effect: { kind: "drop", when } });
    expectSuccess(await stage.backUp(vm));
    await stage.expectSound(vm, 1);
  },
);

test("a capture that fails on the host: another attempt makes the point", async () => {
  const { lab } = stage;
  const vm = await stage.addVm("capture-fails");
  await lab.control.failCapture(vm.id);
  const session = await stage.backUp(vm);
  expect(present(session.tasks[0]).attempts, describeSession(session)).toMatchObject([
    { state: "failed", code: "CAPTURE_FAILED" },
    { state: "succeeded" },
  ]);
  await stage.expectSound(vm, 1);
});

test.each(["east", "west"] as const)(
  "a checkpoint whose bitmap is missing (cluster %s): the disk is compared, with a warning that says why (R3, R10)",
  async (cluster) => {
    const vm = await changedVm(`missing-${cluster}`, cluster);
    await stage.lab.control.spoilCheckpoint(vm.id, await checkpointOf(vm), "missing");
    await expectCompared(vm);
  },
);

test.each(["east", "west"] as const)(
  "a power cut that leaves the bitmaps inconsistent (cluster %s): the disk is compared, with a warning that says why (R3, R10)",
  async (cluster) => {
    const vm = await changedVm(`crashed-${cluster}`, cluster);
    await stage.lab.control.crashVm(vm.id);
    await stage.lab.control.startVm(vm.id);
    await expectCompared(vm);
  },
);

const expectCompared = async (vm: StagedVm): Promise<void> => {
  const session = await stage.backUp(vm);
  expect(session.result, describeSession(session)).toBe(Result.WARNING);
  expect(present(session.tasks[0]).disks[0], describeSession(session)).toMatchObject({
    mode: expect.stringMatching(/^(compare|full)$/) as string,
    reason: expect.stringMatching(
      /^(checkpoint-missing|checkpoint-invalid|tracking-broken|engine-says-full)$/,
    ) as string,
  });
  expect(warnings(session).length, describeSession(session)).toBeGreaterThan(0);

  await stage.change(vm, 3);
  const next = await stage.backUp(vm);
  expectSuccess(next);
  expect(next.tasks[0]?.disks[0], describeSession(next)).toMatchObject({ mode: "incremental" });
  await stage.expectSound(vm, 3);
};

test("a hybrid capture whose snapshot the engine leaves behind: it is merged by us, with a warning (R6)", async () => {
  const { lab } = stage;
  const vm = await stage.addVm("snapshot-left");
  await lab.control.leaveSnapshot(vm.id);
  const session = await stage.backUp(vm);
  expect(session.result, describeSession(session)).toBe(Result.WARNING);
  expect(warnings(session)).toContain("SNAPSHOT_LEFT");
  await stage.expectSound(vm, 1);
});

test("reads that fail and connections that are cut: read again on a new connection", async () => {
  const { lab } = stage;
  const vm = await stage.addVm("reads-fail");
  await lab.control.armImageioFault({ fault: { kind: "fail-reads", count: 1 } });
  await lab.control.armImageioFault({ fault: { kind: "cut", afterBytes: 3_000_000 } });
  const session = await stage.backUp(vm);
  expect(session.tasks[0], describeSession(session)).toMatchObject({ state: "succeeded" });
  await lab.control.clearFaults();
  await stage.expectSound(vm, 1);
});

test("a disk that cannot be read at all: the session fails and says so, the next one succeeds", async () => {
  const { lab } = stage;
  const vm = await stage.addVm("unreadable");
  await lab.control.armImageioFault({ fault: { kind: "fail-reads", count: 100_000 } });
  const session = await stage.backUp(vm);
  await lab.control.clearFaults();
  expect(session.result, describeSession(session)).toBe(Result.FAILED);
  expect(present(session.tasks[0]).attempts, describeSession(session)).toHaveLength(3);
  await stage.expectSound(vm, 0);
  expectSuccess(await stage.backUp(vm));
  await stage.expectSound(vm, 1);
});
