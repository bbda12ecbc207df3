import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { IdentityService, type Member } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openEngineView } from "../harness/engine-view.ts";
import { agentMarker } from "../simulator/guest/guest-marker.ts";
import { until } from "../harness/until.ts";
import { expectUpOnlyWhileNeeded, pathOf, recordsOf } from "../harness/worker-record.ts";
import { type WorkerStory, onlyTask, openWorkerStory } from "../harness/worker-story.ts";

let story: WorkerStory;

beforeAll(async () => {
  story = await openWorkerStory({ alpha: { east: ["one", "two"], west: ["three"] }, beta: { west: ["far"] } });
});

afterAll(async () => {
  await story?.[Symbol.asyncDispose]();
});

const made = ["image_locked", "down"];
const booted = ["wait_for_launch", "powering_up", "up"];
const suspended = ["saving_state", "suspended"];
const resumed = ["restoring_state", "up"];

/** The agent of this worker as a member of the installation. */
const memberOf = async (worker: string): Promise<Member | undefined> => {
  const { members } = await story.installation.api.service(IdentityService).listMembers({}, { timeoutMs: 60_000 });
  return members.find(({ name, revokedMs }) => name === worker && revokedMs === 0n);
};

test("a worker is made when it is first needed, launched, used and suspended", async () => {
  const alpha = story.lab("alpha");
  expect(await story.workers.add({ name: "w-one", manager: "alpha", cluster: "east" })).toMatchObject({
    state: "absent",
    vmId: "",
    enabled: true,
    unhealthyReason: "",
  });
  expect(await recordsOf(alpha, "w-one")).toStrictEqual([]);

  const task = onlyTask(await story.backUp("one", ["alpha/one"]));
  expect(task).toMatchObject({ agentName: "w-one", placement: "w-one: worker of the VM's cluster east", remarks: [] });
  await story.workers.untilIn("w-one", "suspended");
  expect(await pathOf(alpha, "w-one")).toStrictEqual([...made, ...booted, ...suspended]);
});

test("the next run resumes the same VM, whose agent joins nothing anew", async () => {
  const alpha = story.lab("alpha");
  const before = await story.workers.show("w-one");
  const member = await memberOf("w-one");
  const guest = await alpha.control.workers.guestProcess(before.vmId);
  expect(guest?.state).toBe("T");

  const task = onlyTask(await story.backUp("one", ["alpha/one"]));
  expect(task.agentName).toBe("w-one");
  expect(await story.workers.untilIn("w-one", "suspended")).toMatchObject({ vmId: before.vmId });
  expect(await pathOf(alpha, "w-one")).toStrictEqual([...made, ...booted, ...suspended, ...resumed, ...suspended]);
  expect(await alpha.control.workers.guestProcess(before.vmId)).toMatchObject({ pid: guest?.pid, state: "T" });
  expect(await memberOf("w-one")).toStrictEqual(member);
});

test("work that comes while it goes down is done by the same worker, which rises again", async () => {
  const { control } = story.lab("alpha");
  const before = await pathOf(story.lab("alpha"), "w-one");
  await story.prepareBackup("two", ["alpha/two"]);
  const first = await story.startBackup("one", ["alpha/one"]);
  await story.workers.untilIn("w-one", "up");
  await control.setDelays({ vmMs: 4_000 });
  await story.endOf(first);
  await story.workers.untilIn("w-one", "suspending");
  const second = await story.startBackup("two", ["alpha/two"]);
  const words = "waits for worker w-one of the VM's cluster east, which is going down and to be launched again";
  await until("the second VM to wait for the fall", async () => {
    return onlyTask(await story.operator.session(second)).doing === words;
  });
  await control.setDelays({ vmMs: 0 });
  expect(onlyTask(await story.endOf(second)).agentName).toBe("w-one");
  await story.workers.untilIn("w-one", "suspended");
  expect((await pathOf(story.lab("alpha"), "w-one")).slice(before.length)).toStrictEqual([
    ...resumed,
    ...suspended,
    ...resumed,
    ...suspended,
  ]);
});

test("a worker whose VM somebody deleted is made anew, and what the former one could prove counts no longer", async () => {
  const alpha = story.lab("alpha");
  const before = await story.workers.show("w-one");
  const member = await memberOf("w-one");
  await alpha.control.stopVm(before.vmId);
  await alpha.control.removeVm(before.vmId);

  expect(onlyTask(await story.backUp("one", ["alpha/one"])).agentName).toBe("w-one");
  const after = await story.workers.untilIn("w-one", "suspended");
  expect(after.vmId).not.toBe(before.vmId);
  expect((await recordsOf(alpha, "w-one")).map(({ vmId }) => vmId)).toStrictEqual([before.vmId, after.vmId]);
  expect(await pathOf(alpha, "w-one")).toStrictEqual([...made, ...booted, ...suspended]);
  const now = await memberOf("w-one");
  expect(now?.joinedMs).toBeGreaterThan(member?.joinedMs ?? 0n);
});

test("a test of a worker is a session with a log, and the worker is put down after it", async () => {
  await story.workers.add({
    name: "w-fixed",
    manager: "beta",
    cluster: "west",
    networks: [{ network: "backbone", address: "192.0.2.77", netmask: "255.255.255.0", gateway: "192.0.2.1" }],
    idlePolicy: "shutdown",
  });
  const beta = story.lab("beta");
  const sessionId = await story.workers.startTest("w-fixed");
  await using engine = await openEngineView(beta);
  const addresses = await until("the engine to show the worker's address", async () => {
    const { vmId } = await story.workers.show("w-fixed");
    return vmId !== "" && (await engine.findAddresses(vmId));
  });
  expect(addresses).toStrictEqual(["192.0.2.77"]);

  const session = await story.endOf(sessionId);
  expect(session).toMatchObject({ kind: "worker-test", jobName: "worker w-fixed", tasks: [] });
  const log = session.remarks.map(({ code, message }) => `${code} ${message.replace(/^agent (\S+) .*/, "agent $1")}`);
  expect(log).toStrictEqual([
    "WORKER_TEST absent → making: it is needed and has no VM",
    "WORKER_TEST making → down: the VM is made",
    "WORKER_TEST down → starting: it is needed",
    expect.stringMatching(/^WORKER_TEST starting → enrolling: the VM is (powering_)?up$/),
    "WORKER_TEST enrolling → up: its agent said hello",
    "WORKER_TEST agent w-fixed",
    "WORKER_TEST up → shutting-down: nothing needs it",
    "WORKER_TEST shutting-down → down: the VM is down",
  ]);
  expect(await story.workers.show("w-fixed")).toMatchObject({ state: "down", unhealthyReason: "", testSessionId: "" });
  expect(await pathOf(beta, "w-fixed")).toStrictEqual([...made, ...booted, "powering_down", "down"]);
});

test("a worker with a static address does the work of its cluster, booted anew after a shutdown", async () => {
  const member = await memberOf("w-fixed");
  expect(onlyTask(await story.backUp("far", ["beta/far"])).agentName).toBe("w-fixed");
  await story.workers.untilIn("w-fixed", "down");
  expect((await pathOf(story.lab("beta"), "w-fixed")).slice(-5)).toStrictEqual([...booted, "powering_down", "down"]);
  expect(await memberOf("w-fixed")).toStrictEqual(member);
});

test("a worker from an image file is uploaded once, and stays up for as long as it may be idle", async () => {
  const alpha = story.lab("alpha");
  const image = join(story.run.dir, "worker.raw");
  await writeFile(image, agentMarker);
  await truncate(image, 2 * 2 ** 20);
  const networks = [{ network: "backbone" }];
  const idleDelayMs = 60_000n;
  await story.workers.add({ name: "w-image", manager: "alpha", cluster: "west", image, networks, idleDelayMs });
  for (const _turn of [1, 2]) {
    expect(onlyTask(await story.backUp("three", ["alpha/three"])).agentName).toBe("w-image");
    expect(await story.workers.show("w-image")).toMatchObject({ state: "up" });
  }
  expect((await pathOf(alpha, "w-image")).slice(-booted.length)).toStrictEqual(booted);
  await story.workers.edit("w-image", { idleDelayMs: 0n });
  await story.workers.untilIn("w-image", "suspended");
  const uploads = (await alpha.control.counters()).tickets.filter(({ bytesWritten }) => bytesWritten > 0);
  expect(uploads).toHaveLength(1);
});

test("by the lab's record workers were up only while something needed them, and nothing else is left", async () => {
  for (const worker of ["w-one", "w-image"]) await expectUpOnlyWhileNeeded(story, story.lab("alpha"), { worker });
  await expectUpOnlyWhileNeeded(story, story.lab("beta"), { worker: "w-fixed" });
  await story.expectNothingLeft();
});
