import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import type { Task } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { workerTemplate } from "../harness/lab.ts";
import { describeSession, present } from "../harness/operator.ts";
import { shownText } from "../harness/shown-text.ts";
import { until } from "../harness/until.ts";
import { expectUpOnlyWhileNeeded, pathOf } from "../harness/worker-record.ts";
import { type WorkerStory, onlyTask, openWorkerStory } from "../harness/worker-story.ts";

let story: WorkerStory;

const noAgentPatienceMs = 6_000;

beforeAll(async () => {
  story = await openWorkerStory(
    { alpha: { east: ["one"] }, beta: { west: ["far"] } },
    { HOLDFAST_CONTROLLER_WORK_NO_AGENT_PATIENCE_MS: String(noAgentPatienceMs) },
  );
  await story.workers.add({ name: "w-next", manager: "alpha", cluster: "west" });
});

afterAll(async () => {
  await story?.[Symbol.asyncDispose]();
});

const tooShortMs = 4_000n;
const longEnoughMs = 90_000n;

const silent = /^its agent did not say hello in time, the VM is (powering_)?up$/;

/** The worker of the next cluster did it, since the one of the VM's own did not come. */
const expectPassed = (task: Task, worker: string, reason: string): void => {
  expect(task.agentName).toBe("w-next");
  expect(task.placement).toBe(
    "w-next: worker of another cluster of manager alpha: " +
      `the VM's cluster east has no healthy agent (worker ${worker}: ${reason})`,
  );
  const message = `worker ${worker} was passed: ${reason}`;
  expect(task.remarks).toMatchObject([{ level: "warning", code: "WORKER_PASSED", message }]);
};

test("a worker whose image boots nothing is given up in time and powered off; another cluster's stands in", async () => {
  await story.workers.add({
    name: "w-own",
    manager: "alpha",
    cluster: "east",
    template: "hollow",
    launchTimeoutMs: tooShortMs,
  });
  const session = await story.backUp("one", ["alpha/one"], Result.WARNING);
  const worker = await story.workers.untilIn("w-own", "down");
  expect(worker.unhealthyReason).toMatch(silent);
  expectPassed(onlyTask(session), "w-own", worker.unhealthyReason);
  expect((await pathOf(story.lab("alpha"), "w-own")).slice(-2)).toStrictEqual(["powering_down", "down"]);
  await story.workers.untilIn("w-next", "suspended");
});

test("a worker on a network that reaches nobody is given up in time, though its agent runs", async () => {
  await story.workers.edit("w-own", { template: workerTemplate, networks: [{ network: "island" }] });
  const session = await story.backUp("one", ["alpha/one"], Result.WARNING);
  const worker = await story.workers.untilIn("w-own", "down");
  expectPassed(onlyTask(session), "w-own", worker.unhealthyReason);
  expect((await pathOf(story.lab("alpha"), "w-own")).slice(-2)).toStrictEqual(["powering_down", "down"]);
  const console = await readFile(join(story.lab("alpha").stateDir, "vms", worker.vmId, "console.log"), "utf8");
  expect(console).toContain("the network is unreachable");
  await story.workers.untilIn("w-next", "suspended");
});

test("a failed test says why in its log, puts the worker down, and placement passes it from then on", async () => {
  const outside = { network: "backbone", address: "198.51.100.7", netmask: "255.255.255.0" };
  await story.workers.edit("w-own", { networks: [outside] });
  const tested = await story.workers.test("w-own");
  expect(tested.result, describeSession(tested)).toBe(Result.FAILED);
  const { state, unhealthyReason } = await story.workers.show("w-own");
  expect(state).toBe("down");
  expect(unhealthyReason).toMatch(silent);
  expect(tested.remarks.filter(({ level }) => level === "error")).toMatchObject([
    { code: "WORKER_TEST", message: unhealthyReason },
  ]);
  const before = await pathOf(story.lab("alpha"), "w-own");
  expect(before.slice(-2)).toStrictEqual(["powering_down", "down"]);

  const session = await story.backUp("one", ["alpha/one"], Result.WARNING);
  expectPassed(onlyTask(session), "w-own", unhealthyReason);
  expect(await pathOf(story.lab("alpha"), "w-own")).toStrictEqual(before);
  await story.workers.untilIn("w-next", "suspended");
});

test("with its network put right it does the work itself again", async () => {
  await story.workers.edit("w-own", { networks: [{ network: "backbone" }], launchTimeoutMs: longEnoughMs });
  const task = onlyTask(await story.backUp("one", ["alpha/one"]));
  expect(task).toMatchObject({ agentName: "w-own", remarks: [] });
  await story.workers.untilIn("w-own", "suspended");
});

test("a start that the engine refuses has its reasons in worker and session, and another cluster's worker stands in", async () => {
  const beta = story.lab("beta");
  await story.workers.add({ name: "w-far", manager: "beta", cluster: "west" });
  await story.workers.add({ name: "w-near", manager: "beta", cluster: "east" });
  const reason = "The host beta-west-1 did not satisfy internal filter Memory because of a whim.";
  await beta.control.workers.refuseStart({ vm: "w-far", reasons: [reason], times: 1_000 });

  const session = await story.backUp("far", ["beta/far"], Result.WARNING);
  const task = onlyTask(session);
  expect(task).toMatchObject({ agentName: "w-near", remarks: [{ code: "WORKER_PASSED" }] });
  expect(task.placement).toContain(reason);
  expect(present(task.remarks[0]).message).toContain(reason);
  const worker = await story.workers.show("w-far");
  expect(worker.state).toBe("down");
  expect(worker.unhealthyReason).toMatch(/^ENGINE_CONFLICT: /);
  expect(worker.unhealthyReason).toContain(reason);
  expect(await pathOf(beta, "w-far")).toStrictEqual(["image_locked", "down"]);
  expect(await shownText(story, "worker", "show", "w-far")).toContain(reason);
  expect(await shownText(story, "session", "show", session.sessionId)).toContain(
    `warning WORKER_PASSED: worker w-far was passed: ${worker.unhealthyReason}`,
  );
  await story.workers.untilIn("w-near", "suspended");
});

test("without room for a worker, and anybody else, a VM says what it waits for, and fails after its patience", async () => {
  const beta = story.lab("beta");
  for (const name of ["w-far", "w-near", "w-own", "w-next"]) await story.workers.disable(name);
  const host = present(beta.addresses.hosts.find(({ name }) => name === "beta-west-1"));
  await beta.control.setHostMemory(host.id, 2 ** 30);
  await story.workers.add({ name: "w-large", manager: "beta", cluster: "west", tasks: 2 });

  const sessionId = await story.startBackup("far", ["beta/far"]);
  const reason = await until("the worker to be refused", async () => {
    const { unhealthyReason } = await story.workers.show("w-large");
    return unhealthyReason !== "" && unhealthyReason;
  });
  expect(reason).toContain("beta-west-1");
  await until("the VM to say what it waits for", async () => {
    const { doing } = onlyTask(await story.operator.session(sessionId));
    return doing.startsWith("waits for an agent: ") && doing.includes(reason);
  });
  const task = onlyTask(await story.endOf(sessionId, Result.FAILED));
  const errors = task.remarks.filter(({ level }) => level === "error");
  expect(errors, JSON.stringify(task.remarks)).toMatchObject([{ code: "NO_AGENT" }]);
  expect(task.remarks.some(({ code, message }) => code === "WORKER_PASSED" && message.includes(reason))).toBe(true);
  expect(task.attempts).toStrictEqual([]);

  await beta.control.setHostMemory(host.id, null);
  await story.workers.enable("w-large");
  expect(onlyTask(await story.backUp("far", ["beta/far"], Result.WARNING))).toMatchObject({
    agentName: "w-large",
    remarks: [{ code: "WORKER_PASSED", message: "worker w-far was passed: it is disabled" }],
  });
  await story.workers.untilIn("w-large", "suspended");
});

test("by the lab's record workers were up only while something needed them, and nothing else is left", async () => {
  for (const worker of ["w-own", "w-next"]) await expectUpOnlyWhileNeeded(story, story.lab("alpha"), { worker });
  for (const worker of ["w-near", "w-large"]) await expectUpOnlyWhileNeeded(story, story.lab("beta"), { worker });
  await story.expectNothingLeft();
});
