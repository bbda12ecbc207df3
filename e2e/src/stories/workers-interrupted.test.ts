import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { SessionService } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { slowReads } from "../harness/mid-transfer.ts";
import { describeSession } from "../harness/operator.ts";
import { until } from "../harness/until.ts";
import { expectUpOnlyWhileNeeded, pathOf, recordsOf } from "../harness/worker-record.ts";
import { type WorkerStory, onlyTask, openWorkerStory } from "../harness/worker-story.ts";

let story: WorkerStory;
const cancelled: string[] = [];

beforeAll(async () => {
  story = await openWorkerStory(
    { alpha: { east: ["one"] }, beta: { west: ["far"] } },
    // Every state lasts for a moment, so that it can be seen.
    { HOLDFAST_CONTROLLER_WORKERS_LOOK_MS: "500", HOLDFAST_CONTROLLER_AGENTS_HEARTBEAT_TIMEOUT_MS: "6000" },
  );
  await story.workers.add({ name: "w-one", manager: "alpha", cluster: "east" });
  await story.workers.add({ name: "w-far", manager: "beta", cluster: "west" });
});

afterAll(async () => {
  await story?.[Symbol.asyncDispose]();
});

/** Starts the VM's backup and waits until its worker reads: reads are held back. Answers the session. */
const untilReading = async (): Promise<string> => {
  const alpha = story.lab("alpha");
  await alpha.control.resetCounters();
  await slowReads(alpha);
  const sessionId = await story.startBackup("one", ["alpha/one"]);
  await until("the worker to read", async () => {
    const { tickets } = await alpha.control.counters();
    return tickets.some(({ bytesRead }) => bytesRead > 0);
  });
  return sessionId;
};

/** The session must have succeeded on the worker, by its second attempt; the first was lost. */
const expectTriedAgain = async (sessionId: string): Promise<void> => {
  const task = onlyTask(await story.endOf(sessionId, Result.WARNING));
  expect(task).toMatchObject({
    agentName: "w-one",
    attempts: [
      { agentName: "w-one", state: "lost", code: "AGENT_LOST" },
      { agentName: "w-one", state: "succeeded", code: "" },
    ],
    remarks: [{ level: "warning", code: "ATTEMPT_RETRIED" }],
  });
  await story.workers.untilIn("w-one", "suspended");
  await story.expectNothingLeft();
};

test("when somebody powers the VM off in mid-work it is booted again and the VM is tried again", async () => {
  const sessionId = await untilReading();
  const { vmId } = await story.workers.show("w-one");
  const { control } = story.lab("alpha");
  await control.crashVm(vmId);
  await control.clearFaults();
  await expectTriedAgain(sessionId);
  expect(await story.workers.show("w-one")).toMatchObject({ vmId });
});

test("when somebody deletes the VM in mid-work it is made anew and the VM is tried again", async () => {
  const alpha = story.lab("alpha");
  const sessionId = await untilReading();
  const { vmId } = await story.workers.show("w-one");
  await alpha.control.crashVm(vmId);
  await alpha.control.removeVm(vmId);
  await alpha.control.clearFaults();
  await expectTriedAgain(sessionId);
  const after = await story.workers.show("w-one");
  expect(after.vmId).not.toBe(vmId);
  expect((await recordsOf(alpha, "w-one")).map((record) => record.vmId)).toStrictEqual([vmId, after.vmId]);
});

/** After its restart the controller may have to try again what went on without it. */
const expectDone = async (sessionId: string, worker: string): Promise<void> => {
  const session = await story.endOf(sessionId, Result.SUCCESS, Result.WARNING);
  const task = onlyTask(session);
  expect(task.agentName, describeSession(session)).toBe(worker);
  expect(task.attempts.at(-1)?.state).toBe("succeeded");
  expect(task.remarks.every(({ code }) => code === "ATTEMPT_RETRIED")).toBe(true);
  await story.workers.untilIn(worker, "suspended");
  await story.expectNothingLeft();
};

const restartController = async (): Promise<void> => {
  await story.installation.controller.kill();
  await story.installation.controller.start();
};

test("a controller that is killed while its worker works goes on with both", async () => {
  const sessionId = await untilReading();
  await restartController();
  await story.lab("alpha").control.clearFaults();
  await expectDone(sessionId, "w-one");
});

const launching = ["making", "down", "starting", "enrolling", "up"];

test.each(["making", "starting", "enrolling"])(
  "a controller that is killed while its worker is %s goes on with the launch",
  async (state) => {
    const beta = story.lab("beta");
    await removeVmOf("w-far");
    await beta.control.setDelays({ vmMs: 500, taskMs: 1_000 });
    const sessionId = await story.startBackup("far", ["beta/far"]);
    await story.workers.untilIn("w-far", ...launching.slice(launching.indexOf(state)));
    await restartController();
    await beta.control.setDelays({ vmMs: 0, taskMs: 0 });
    await expectDone(sessionId, "w-far");
    expect(await pathOf(beta, "w-far")).toStrictEqual([
      "image_locked",
      "down",
      "wait_for_launch",
      "powering_up",
      "up",
      "saving_state",
      "suspended",
    ]);
  },
);

/** So that the next launch has everything to do. */
const removeVmOf = async (worker: string): Promise<void> => {
  const { vmId } = await story.workers.show(worker);
  const { control } = story.lab("beta");
  if (vmId === "") return;
  await control.stopVm(vmId);
  await control.removeVm(vmId);
};

test("a worker whose session is cancelled while it boots goes down again", async () => {
  const beta = story.lab("beta");
  await removeVmOf("w-far");
  await beta.control.setDelays({ vmMs: 1_000 });
  const sessionId = await story.startBackup("far", ["beta/far"]);
  await until("the VM to boot", async () => (await pathOf(beta, "w-far")).at(-1) === "wait_for_launch");
  await story.installation.api.service(SessionService).cancelSession({ sessionId }, { timeoutMs: 60_000 });
  await beta.control.setDelays({ vmMs: 0 });
  const session = await story.endOf(sessionId, Result.CANCELLED);
  expect(onlyTask(session)).toMatchObject({ attempts: [] });
  cancelled.push(sessionId);
  expect(await story.workers.untilIn("w-far", "suspended")).toMatchObject({ unhealthyReason: "" });
  expect((await pathOf(beta, "w-far")).at(-1)).toBe("suspended");
});

test("by the lab's record workers were up only while something needed them, and nothing else is left", async () => {
  await expectUpOnlyWhileNeeded(story, story.lab("alpha"), { worker: "w-one" });
  await expectUpOnlyWhileNeeded(story, story.lab("beta"), { worker: "w-far", sessions: cancelled });
  await story.expectNothingLeft();
});
