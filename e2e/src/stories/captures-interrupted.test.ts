import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { ManagerService } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { SessionService } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loseDatabase } from "../harness/database-copy.ts";
import { patientWithAgents } from "../harness/installation.ts";
import { type Lab, twoClusters } from "../harness/lab.ts";
import { slowReads } from "../harness/mid-transfer.ts";
import { expectNothingLeft } from "../harness/nothing-left.ts";
import { describeSession, present } from "../harness/operator.ts";
import { openPointReader } from "../harness/point-reader.ts";
import { neededCheckpoints } from "../harness/references.ts";
import { type Story, openStory } from "../harness/story.ts";
import { until } from "../harness/until.ts";
import type { LabVm } from "../simulator/control/control-client.ts";

const MiB = 1024 * 1024;
const call = { timeoutMs: 60_000 };

let story: Story;
let lab: Lab;

beforeAll(async () => {
  story = await openStory({
    labs: [twoClusters("ovirt")],
    agents: [{ name: "east-1", manager: "ovirt", cluster: "east" }],
    controllerEnv: () => patientWithAgents,
  });
  lab = story.lab("ovirt");
});

afterAll(async () => {
  await story?.[Symbol.asyncDispose]();
});

const addVm = (name: string): Promise<LabVm> =>
  lab.control.addVm({
    name,
    cluster: "east",
    status: "up",
    guestAgent: true,
    disks: [{ alias: `${name}_root`, size: 8 * MiB, fill: { seed: name, bytes: 3 * MiB } }],
  });

const expectClean = async (): Promise<void> => {
  await using reader = await openPointReader(story.installation.door);
  await expectNothingLeft(lab, { checkpoints: neededCheckpoints(await reader.list()) });
};

/** A session whose snapshot is there and whose disk is being read, slowly. */
const readingFromSnapshot = async (name: string): Promise<string> => {
  await addVm(name);
  await story.operator.createJob(name, [name], { capture: "snapshot" });
  await lab.control.resetCounters();
  await slowReads(lab, 300);
  const sessionId = await story.operator.startJob(name);
  await until("the snapshot's disk to be read", async () =>
    (await lab.control.counters()).tickets.some(({ requests }) => requests > 0),
  );
  expect((await lab.control.leftovers()).snapshots).toHaveLength(1);
  return sessionId;
};

test("a cancelled session takes its snapshot along, and answers of the engine that are lost double nothing", async () => {
  const sessionId = await readingFromSnapshot("cancelled");
  await story.installation.api.service(SessionService).cancelSession({ sessionId }, call);
  await lab.control.clearFaults();
  expect((await story.operator.waitForEnd(sessionId)).result).toBe(Result.CANCELLED);
  await expectClean();

  for (const route of ["POST /vms/*/snapshots", "DELETE /vms/*/snapshots/*", "POST /imagetransfers"]) {
    await lab.control.rules.add({ match: { call: route }, which: { nth: 1 }, what: { kind: "drop", when: "after" } });
  }
  const session = await story.operator.runJob("cancelled");
  await lab.control.rules.clear();
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  expect(session.tasks[0]?.attempts, describeSession(session)).toHaveLength(1);
  await expectClean();
});

test("a controller that is killed while its snapshot is there goes on with it, and removes it", async () => {
  const sessionId = await readingFromSnapshot("interrupted");
  await story.installation.controller.kill();
  await lab.control.clearFaults();
  await story.installation.controller.start();
  const session = await story.operator.waitForEnd(sessionId);
  expect([Result.SUCCESS, Result.WARNING], describeSession(session)).toContain(session.result);
  await expectClean();
});

test("a controller that is killed while it has a guest hold still thaws it in its next life, and makes one snapshot", async () => {
  await addVm("held");
  await story.operator.createJob("held", ["held"], { capture: "snapshot", consistency: "required" });
  await lab.control.rules.add({
    match: { call: "POST /vms/*/snapshots" },
    which: { nth: 1 },
    what: { kind: "delay", ms: 3_000 },
  });
  const sessionId = await story.operator.startJob("held");
  await until("the guest to be frozen", async () => (await lab.control.leftovers()).frozenGuests.length === 1);
  await story.installation.controller.kill();
  await story.installation.controller.start();
  const session = await story.operator.waitForEnd(sessionId);
  await lab.control.rules.clear();
  expect([Result.SUCCESS, Result.WARNING], describeSession(session)).toContain(session.result);
  expect(session.tasks).toMatchObject([{ capture: "snapshot", consistency: "filesystem" }]);
  await expectClean();
});

test("R6: a snapshot of a controller that lost its database is removed by the janitor, which tells what it cannot do yet, and the user's own stays", async () => {
  const { installation, operator } = story;
  const vm = await addVm("forgotten");
  const users = await lab.control.addSnapshot(vm.id, "before the upgrade");
  await operator.createJob("forgotten", [vm.id], { capture: "snapshot" });
  await lab.control.rules.add({
    match: { call: "POST /imagetransfers" },
    what: { kind: "status", status: 409, detail: "[Disk is being transferred.]" },
  });
  await operator.startJob("forgotten");
  await until("the snapshot to be made", async () => (await lab.control.leftovers()).snapshots.length === 2);
  await loseDatabase(installation);
  await lab.control.rules.clear();
  const detail = "User is not authorized to perform this action.";
  await lab.control.rules.add({
    match: { call: "DELETE /vms/*/snapshots/*" },
    what: { kind: "status", status: 403, detail },
  });
  await installation.controller.start();
  await operator.addManager(lab);
  await operator.addRepository();
  const cleaning = async () =>
    present((await installation.api.service(ManagerService).getManager({ manager: "ovirt" }, call)).cleaning);
  const [failed] = await until("the janitor to tell what it cannot remove", async () => {
    const { failed: things } = await cleaning();
    return things.length > 0 && things;
  });
  expect(failed).toMatchObject({ what: "remove snapshot", vmName: "forgotten", code: "ENGINE_FORBIDDEN" });
  expect(failed?.reason).toContain(detail);
  await lab.control.rules.clear();
  await expectClean();
  expect((await lab.control.leftovers()).snapshots).toMatchObject([{ id: users, madeBy: "lab" }]);
  const told = await until("the janitor to have looked again", async () => {
    const now = await cleaning();
    return now.failed.length === 0 && now;
  });
  expect(told.cleaned).toContainEqual(
    expect.objectContaining({ what: "remove snapshot", objectId: failed?.objectId, vmName: "forgotten" }),
  );
});
