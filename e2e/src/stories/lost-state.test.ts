import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { KeptProgram } from "../harness/kept-program.ts";
import type { PointSummary } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { Task } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { copyDatabase, loseDatabase, putBackDatabase } from "../harness/database-copy.ts";
import { freeze, thaw } from "../harness/freeze.ts";
import { type Lab, twoClusters } from "../harness/lab.ts";
import { slowReads } from "../harness/mid-transfer.ts";
import { expectNothingLeft } from "../harness/nothing-left.ts";
import { present } from "../harness/operator.ts";
import { openPointReader } from "../harness/point-reader.ts";
import { type References, expectPointsIntact, keepReferences, neededCheckpoints } from "../harness/references.ts";
import { rollDice } from "../harness/seed.ts";
import { expectDone } from "../harness/session-end.ts";
import { type Story, openStory } from "../harness/story.ts";
import { until } from "../harness/until.ts";

const MiB = 1024 * 1024;

let story: Story;
let lab: Lab;
let references: References;
let committed: readonly string[] = [];

beforeAll(async () => {
  const dice = rollDice("lost-state");
  const disk = { alias: "web-1_root", size: 16 * MiB, fill: { seed: "web-1", bytes: 12 * MiB } };
  story = await openStory({
    labs: [{ ...twoClusters("ovirt"), vms: [{ name: "web-1", cluster: "east", status: "up", disks: [disk] }] }],
    // One slot: a session that succeeds proves that the attempt of before has ended.
    agents: [{ name: "east-1", manager: "ovirt", cluster: "east", slots: 1 }],
  });
  lab = story.lab("ovirt");
  const vm = present((await lab.control.listVms())[0]);
  references = await keepReferences(lab, join(story.run.dir, "refs"), vm.id);
  await story.operator.createJob("nightly", ["web-1"]);
  await lab.control.startWriter(vm.id, { seed: dice.below(1_000_000), maxLengthBytes: MiB / 4, pauseMs: 20 });
  expectDone(await story.operator.runJob("nightly"));
});

afterAll(async () => {
  await story?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
  committed = (await listPoints()).map(({ pointId }) => pointId);
});

afterEach(async () => {
  await expectPointsIntact(story.installation.door, references, committed);
});

test("put back from before a session, while its agent works: that attempt never commits (A8, R6)", async () => {
  const copy = await takeCopy("before");
  const { taskId } = await startSlowSession();
  await freeze(agent());
  await putBackDatabase(story.installation, copy);
  await expectClean();
  await letGoOn();
  expectDone(await story.operator.runJob("nightly"));
  expect((await listPoints()).map(({ pointId }) => pointId)).not.toContain(taskId);
  await expectClean();
});

test("put back from a session's middle: its attempt is given up, the next one commits the one point (A3, A4, R5)", async () => {
  const { sessionId, taskId } = await startSlowSession();
  const copy = await takeCopy("middle");
  await freeze(agent());
  await putBackDatabase(story.installation, copy);
  await expectClean();
  await letGoOn();
  expectDone(await story.operator.waitForEnd(sessionId));
  expect((await listPoints()).filter(({ pointId }) => pointId === taskId)).toMatchObject([{ attemptNumber: 2 }]);
  expectDone(await story.operator.runJob("nightly"));
  await expectClean();
});

test("put back from before a claim: the number of the attempt that is lost is not given again (A9)", async () => {
  await freeze(agent());
  const sessionId = await story.operator.startJob("nightly");
  await untilTask(sessionId, "waiting");
  const copy = await takeCopy("waiting");
  await slowReads(lab);
  thaw(agent());
  const { taskId } = await untilReading(sessionId);
  await freeze(agent());
  await putBackDatabase(story.installation, copy);
  await expectClean();
  await letGoOn();
  expectDone(await story.operator.waitForEnd(sessionId));
  expect((await listPoints()).filter(({ pointId }) => pointId === taskId)).toHaveLength(1);
  expectDone(await story.operator.runJob("nightly"));
  await expectClean();
});

test("put back after the session committed: it ends as success with that point (A6, R5)", async () => {
  const { sessionId, taskId } = await startSlowSession();
  const copy = await takeCopy("committed");
  await lab.control.clearFaults();
  expectDone(await story.operator.waitForEnd(sessionId));
  await putBackDatabase(story.installation, copy);
  expectDone(await story.operator.waitForEnd(sessionId));
  expect((await listPoints()).filter(({ pointId }) => pointId === taskId)).toMatchObject([{ attemptNumber: 1 }]);
  await expectClean();
});

test("put back from before a session that committed: the next one builds on its point (R3)", async () => {
  const copy = await takeCopy("older");
  const session = await story.operator.runJob("nightly");
  expectDone(session);
  await putBackDatabase(story.installation, copy);
  await expectClean();
  const next = await story.operator.runJob("nightly");
  expectDone(next);
  expect(next.tasks[0]).toMatchObject({ basePointId: session.tasks[0]?.pointId, disks: [{ mode: "incremental" }] });
});

test("lost altogether in a session's middle: id and key are enough to clean up and to go on (A8, R6)", async () => {
  const { installation, operator } = story;
  const { taskId } = await startSlowSession();
  await freeze(agent());
  await loseDatabase(installation);
  await installation.controller.start();
  await operator.addManager(lab);
  await operator.addRepository();
  await expectClean();
  await letGoOn();
  await operator.waitForAgents("east-1");
  await operator.createJob("nightly", ["web-1"]);
  const next = await story.operator.runJob("nightly");
  expectDone(next);
  expect(next.tasks[0]?.disks[0]).toMatchObject({ mode: "incremental" });
  expect((await listPoints()).map(({ pointId }) => pointId)).not.toContain(taskId);
  await expectClean();
});

test("the repository's index lost in a session's middle: every point reads back, the session ends well", async () => {
  const { run } = story;
  const { repository } = story.installation;
  const { sessionId } = await startSlowSession();
  await repository.kill();
  for (const name of (await readdir(run.dir)).filter((one) => one.startsWith("index.sqlite")))
    await rm(join(run.dir, name));
  await repository.start();
  await lab.control.clearFaults();
  expectDone(await story.operator.waitForEnd(sessionId));
  expectDone(await story.operator.runJob("nightly"));
  await expectClean();
});

const agent = (): KeptProgram => story.installation.agent("east-1");

/** Copies the database as it is now; answers the copy's folder. */
const takeCopy = async (name: string): Promise<string> => {
  const directory = join(story.run.dir, `copy-${name}`);
  await copyDatabase(story.installation, directory);
  return directory;
};

/** Starts a session whose reads are slow, and waits until it reads. */
const startSlowSession = async (): Promise<{ readonly sessionId: string; readonly taskId: string }> => {
  await lab.control.resetCounters();
  await slowReads(lab);
  const sessionId = await story.operator.startJob("nightly");
  const { taskId } = await untilReading(sessionId);
  return { sessionId, taskId };
};

const untilReading = async (sessionId: string): Promise<Task> => {
  const task = await untilTask(sessionId, "running");
  await until("the disk to be read", async () =>
    (await lab.control.counters()).tickets.some(({ requests }) => requests > 0),
  );
  return task;
};

const untilTask = (sessionId: string, state: string): Promise<Task> =>
  until(`the task to be ${state}`, async () =>
    (await story.operator.session(sessionId)).tasks.find((task) => task.state === state),
  );

/** The lab serves at full speed again, and the agent of before wakes with the attempt that it holds. */
const letGoOn = async (): Promise<void> => {
  await lab.control.clearFaults();
  thaw(agent());
};

const listPoints = async (): Promise<readonly PointSummary[]> => {
  await using reader = await openPointReader(story.installation.door);
  return await reader.list();
};

/** Nothing of ours is on the engine but the checkpoint of the newest point. */
const expectClean = async (): Promise<void> => {
  await expectNothingLeft(lab, { checkpoints: neededCheckpoints(await listPoints()) }, 60_000);
};
