import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { RestoreService } from "@holdfast/proto/holdfast/controller/v1/restore_pb";
import type { Session, Task } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, twoClusters } from "../harness/lab.ts";
import { slowReads } from "../harness/mid-transfer.ts";
import { expectNothingLeft } from "../harness/nothing-left.ts";
import { describeSession, present } from "../harness/operator.ts";
import { type Story, openStory } from "../harness/story.ts";
import { until } from "../harness/until.ts";

const MiB = 1024 * 1024;

let story: Story;
let alpha: Lab;
let beta: Lab;

const smallVm = (name: string, cluster: string, storageDomain: string, status: "up" | "down") => ({
  name,
  cluster,
  status,
  disks: [{ alias: `${name}_root`, size: 4 * MiB, storageDomain, fill: { seed: name, bytes: 2 * MiB } }],
});

const running = ["run-1", "run-2", "run-3", "run-4"];
const stored = ["cold-1", "cold-2", "cold-3", "cold-4"];
const queueing = ["wait-1", "wait-2"];

beforeAll(async () => {
  story = await openStory({
    labs: [
      {
        ...twoClusters("alpha"),
        storageDomains: [{ name: "data1" }, { name: "data2" }],
        vms: [
          ...running.map((name) => smallVm(name, "east", "data1", "up")),
          ...stored.map((name) => smallVm(name, "west", "data2", "down")),
        ],
      },
      { ...twoClusters("beta"), vms: queueing.map((name) => smallVm(name, "east", "data1", "up")) },
    ],
    agents: [
      { name: "alpha-east", manager: "alpha", cluster: "east", slots: 8 },
      { name: "alpha-west", manager: "alpha", cluster: "west", slots: 8 },
      { name: "beta-east", manager: "beta", cluster: "east", slots: 1 },
      { name: "beta-west", manager: "beta", cluster: "west", slots: 1 },
    ],
    controllerEnv: () => ({
      HOLDFAST_CONTROLLER_WORK_LIMITS_PER_DOMAIN: "3",
      HOLDFAST_CONTROLLER_WORK_WAIT_LIMIT_MS: "1500",
    }),
  });
  alpha = story.lab("alpha");
  beta = story.lab("beta");
});

afterAll(async () => {
  await story?.[Symbol.asyncDispose]();
});

const working = ["preparing", "running", "settling", "uncertain"];

const inState = (session: Session, ...states: readonly string[]): readonly Task[] =>
  session.tasks.filter(({ state }) => states.includes(state));

/** Waits for a session's end and answers the most of its tasks, and of the lab's backups, that were seen at once. */
const watchToEnd = async (
  sessionId: string,
  lab: Lab,
): Promise<{ session: Session; tasks: number; backups: number }> => {
  let tasks = 0;
  let backups = 0;
  const session = await until(
    `session ${sessionId} to end`,
    async () => {
      backups = Math.max(backups, (await lab.control.leftovers()).backups.length);
      const now = await story.operator.session(sessionId);
      tasks = Math.max(tasks, inState(now, ...working).length);
      return now.endedMs !== 0n && now;
    },
    120_000,
  );
  return { session, tasks, backups };
};

/** Starts the job with its reads held back, and waits until so many of its tasks wait while the others work. */
const untilHeld = async (
  job: string,
  lab: Lab,
  waiting: number,
  delayMs?: number,
): Promise<readonly [string, readonly Task[]]> => {
  await slowReads(lab, delayMs);
  const sessionId = await story.operator.startJob(job);
  const tasks = await until(`${waiting} tasks of ${job} to wait`, async () => {
    const session = await story.operator.session(sessionId);
    const held = inState(session, "waiting");
    return inState(session, ...working).length + waiting === session.tasks.length && held.length === waiting && held;
  });
  return [sessionId, tasks];
};

const nothingLeft = async (lab: Lab, disks: readonly string[] = []): Promise<void> => {
  const { checkpoints } = await lab.control.leftovers();
  await expectNothingLeft(lab, { checkpoints: checkpoints.map(({ id }) => id), disks });
};

test("no more than two VMs of one host are backed up at once, and the others say what they wait for", async () => {
  await story.operator.createJob(
    "host",
    running.map((name) => `alpha/${name}`),
  );
  const [sessionId, held] = await untilHeld("host", alpha, 2);
  expect(new Set(held.map(({ queuePlace }) => queuePlace))).toStrictEqual(new Set([1, 2]));
  for (const { doing } of held) expect(doing).toBe("waits: host alpha-east-1 has 2 of 2 tasks (limit per host)");

  await alpha.control.clearFaults();
  const { session, tasks, backups } = await watchToEnd(sessionId, alpha);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  expect(session.tasks.map(({ placement }) => placement)).toStrictEqual(
    running.map(() => "alpha-east: agent of the VM's cluster east"),
  );
  expect(Math.max(tasks, backups)).toBeLessThanOrEqual(2);
  await nothingLeft(alpha);
});

test("no more than three VMs of one storage domain are backed up at once, and a restore to it goes first", async () => {
  await story.operator.createJob(
    "domain",
    stored.map((name) => `alpha/${name}`),
  );
  const words = "waits: storage domain data2 has 3 of 3 tasks (limit per storage domain)";
  const first = await story.operator.runJob("domain");
  expect(first.result, describeSession(first)).toBe(Result.SUCCESS);
  const point = await story.operator.newestPoint("cold-1");

  const [sessionId, [held]] = await untilHeld("domain", alpha, 1);
  expect(held).toMatchObject({ queuePlace: 1, doing: words });
  const restore = await story.installation.api
    .service(RestoreService)
    .restoreDisk({ pointId: point.pointId, disk: "cold-1_root", requestId: "limits" }, { timeoutMs: 60_000 });
  await until("the restore to stand before the backup", async () => {
    const back = present((await story.operator.session(restore.sessionId)).tasks[0]);
    const backup = inState(await story.operator.session(sessionId), "waiting")[0];
    return back.queuePlace === 1 && back.doing === words && backup?.queuePlace === 2 && backup.doing === words;
  });

  await alpha.control.clearFaults();
  const { session, tasks, backups } = await watchToEnd(sessionId, alpha);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  expect(Math.max(tasks, backups)).toBeLessThanOrEqual(3);
  const restored = await story.operator.waitForEnd(restore.sessionId);
  expect(restored.result, describeSession(restored)).toBe(Result.SUCCESS);
  const task = present(restored.tasks[0]);
  const last = present(session.tasks.find(({ taskId }) => taskId === held?.taskId));
  expect(task.placement).toBe("alpha-west: agent of the target cluster west");
  expect(task.startedMs).toBeLessThanOrEqual(last.startedMs);
  await nothingLeft(
    alpha,
    task.disks.map(({ restoredDiskId }) => restoredDiskId),
  );
});

/** The few requests of so small a disk must outlast the wait limit and the next question of the other cluster's agent. */
const longHeldMs = 5_000;

test("a VM that waits for its own cluster's agent for longer than the wait limit goes on, with a warning", async () => {
  await story.operator.createJob(
    "patient",
    queueing.map((name) => `beta/${name}`),
  );
  const [sessionId, [held]] = await untilHeld("patient", beta, 1, longHeldMs);
  expect(held).toMatchObject({
    queuePlace: 1,
    doing: "waits for a free slot: all agents of the VM's cluster east are busy (beta-east)",
  });
  await until("the waiting VM to go on to the other cluster", async () => {
    const now = await story.operator.session(sessionId);
    return now.tasks.some(({ agentName }) => agentName === "beta-west");
  });
  await beta.control.clearFaults();
  const session = await story.operator.waitForEnd(sessionId);
  expect(session.result, describeSession(session)).toBe(Result.WARNING);
  const waited = "all agents of the VM's cluster east stayed busy for longer than the wait limit (beta-east)";
  expect(session.tasks.find(({ taskId }) => taskId === held?.taskId)).toMatchObject({
    placement: `beta-west: agent of another cluster of manager beta: ${waited}`,
    remarks: [
      {
        level: "warning",
        code: "WAIT_LIMIT_PASSED",
        message: `${waited}: the task went to another cluster of manager beta`,
      },
    ],
  });
  expect(session.tasks.find(({ taskId }) => taskId !== held?.taskId)).toMatchObject({
    placement: "beta-east: agent of the VM's cluster east",
    remarks: [],
  });
  await nothingLeft(beta);
});
