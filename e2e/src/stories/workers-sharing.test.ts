import type { Session } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { slowReads } from "../harness/mid-transfer.ts";
import { until } from "../harness/until.ts";
import { expectUpOnlyWhileNeeded, pathOf, recordsOf } from "../harness/worker-record.ts";
import { type WorkerStory, onlyTask, openWorkerStory } from "../harness/worker-story.ts";

let story: WorkerStory;

const eight = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `vm-${number}`);

beforeAll(async () => {
  story = await openWorkerStory(
    { alpha: { east: eight }, beta: { west: ["far"] } },
    { HOLDFAST_CONTROLLER_WORK_LIMITS_PER_HOST: "8", HOLDFAST_CONTROLLER_WORK_LIMITS_PER_DOMAIN: "8" },
  );
});

afterAll(async () => {
  await story?.[Symbol.asyncDispose]();
});

const runningOn = ({ tasks }: Session, worker: string): number =>
  tasks.filter(({ state, agentName }) => state === "running" && agentName === worker).length;

test("two workers of one cluster share eight VMs, four each", async () => {
  const { workers } = story;
  const alpha = story.lab("alpha");
  for (const name of ["w-a1", "w-a2"]) await workers.add({ name, manager: "alpha", cluster: "east" });
  await slowReads(alpha, 4_000);
  const sessionId = await story.startBackup(
    "eight",
    eight.map((name) => `alpha/${name}`),
  );
  await until("both workers to have four VMs", async () => {
    const session = await story.operator.session(sessionId);
    return runningOn(session, "w-a1") === 4 && runningOn(session, "w-a2") === 4;
  });
  await alpha.control.clearFaults();
  const session = await story.endOf(sessionId);
  expect(session.tasks.map(({ placement }) => placement).sort()).toStrictEqual(
    ["w-a1", "w-a2"].flatMap((name) => Array.from({ length: 4 }, () => `${name}: worker of the VM's cluster east`)),
  );
  for (const name of ["w-a1", "w-a2"]) await workers.untilIn(name, "suspended");
});

test("one VM wakes one of them", async () => {
  const before = await pathOf(story.lab("alpha"), "w-a2");
  const task = onlyTask(await story.backUp("single", ["alpha/vm-1"]));
  expect(task.agentName).toBe("w-a1");
  await story.workers.untilIn("w-a1", "suspended");
  expect(await pathOf(story.lab("alpha"), "w-a2")).toStrictEqual(before);
});

test("a VM whose cluster has no worker wakes another cluster's", async () => {
  await story.workers.add({ name: "w-b", manager: "beta", cluster: "east" });
  const before = await pathOf(story.lab("alpha"), "w-a1");
  expect(onlyTask(await story.backUp("far", ["beta/far"]))).toMatchObject({
    agentName: "w-b",
    placement: "w-b: worker of another cluster of manager beta: the VM's cluster west has no agent",
    remarks: [],
  });
  await story.workers.untilIn("w-b", "suspended");
  expect((await pathOf(story.lab("beta"), "w-b")).slice(-2)).toStrictEqual(["saving_state", "suspended"]);
  expect(await pathOf(story.lab("alpha"), "w-a1")).toStrictEqual(before);
});

test("a VM whose manager has no worker that may be used wakes another manager's, with a warning", async () => {
  await story.workers.disable("w-b");
  const before = await pathOf(story.lab("beta"), "w-b");
  const resumes = (path: readonly string[]): number => path.filter((status) => status === "restoring_state").length;
  const restedBefore = resumes(await pathOf(story.lab("alpha"), "w-a1"));
  expect(onlyTask(await story.backUp("far", ["beta/far"], Result.WARNING))).toMatchObject({
    agentName: "w-a1",
    placement:
      "w-a1: worker of another manager: the VM's cluster west has no agent; " +
      "another cluster of manager beta has no healthy agent (worker w-b: it is disabled)",
    remarks: [{ code: "WORKER_PASSED", message: "worker w-b was passed: it is disabled" }],
  });
  await story.workers.untilIn("w-a1", "suspended");
  expect(resumes(await pathOf(story.lab("alpha"), "w-a1"))).toBe(restedBefore + 1);
  expect(await pathOf(story.lab("beta"), "w-b")).toStrictEqual(before);
});

test("a busy worker is not removed; disabled it ends what it has and gets nothing more", async () => {
  const { workers, operator } = story;
  const alpha = story.lab("alpha");
  await story.prepareBackup("other", ["alpha/vm-2"]);
  await slowReads(alpha, 4_000);
  const busy = await story.startBackup("busy", ["alpha/vm-1"]);
  await until("the worker to be busy", async () => runningOn(await operator.session(busy), "w-a1") === 1);
  const refusal = await workers.remove("w-a1").catch((caught: unknown) => caught);
  expect(hasCode(refusal, "WORKER_BUSY"), String(refusal)).toBe(true);

  await workers.disable("w-a1");
  const other = await story.startBackup("other", ["alpha/vm-2"]);
  await until("the other worker to be busy", async () => runningOn(await operator.session(other), "w-a2") === 1);
  expect(await workers.show("w-a1")).toMatchObject({ state: "up", enabled: false, busyTasks: 1 });
  await alpha.control.clearFaults();
  expect(onlyTask(await story.endOf(busy)).agentName).toBe("w-a1");
  const [task] = (await story.endOf(other, Result.WARNING)).tasks;
  expect(task).toMatchObject({ agentName: "w-a2", remarks: [{ code: "WORKER_PASSED" }] });
  for (const name of ["w-a1", "w-a2"]) await workers.untilIn(name, "suspended");
});

test("a worker that is removed takes its VM and its disk along", async () => {
  const alpha = story.lab("alpha");
  const { vmId } = await story.workers.show("w-a1");
  const disks = (await alpha.control.getVm(vmId)).disks.map(({ id }) => id);
  expect(disks).toHaveLength(1);
  await story.workers.remove("w-a1");
  await story.workers.untilGone("w-a1");
  expect((await pathOf(alpha, "w-a1")).at(-1)).toBe("removed");
  const left = await alpha.control.leftovers();
  expect(left.vms.filter(({ name }) => name === "w-a1")).toStrictEqual([]);
  expect(left.disks.filter(({ id }) => disks.includes(id))).toStrictEqual([]);
  await story.expectNothingLeft();
});

test("by the lab's record workers were up only while something needed them", async () => {
  for (const worker of ["w-a1", "w-a2"]) await expectUpOnlyWhileNeeded(story, story.lab("alpha"), { worker });
  await expectUpOnlyWhileNeeded(story, story.lab("beta"), { worker: "w-b" });
  expect(await recordsOf(story.lab("beta"), "w-b")).toHaveLength(1);
});
