import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { AgentService } from "@holdfast/proto/holdfast/controller/v1/agent_pb";
import { type Session, type Task } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { twoClusters } from "../harness/lab.ts";
import { expectNothingLeft } from "../harness/nothing-left.ts";
import { describeSession, present } from "../harness/operator.ts";
import { type Story, openStory } from "../harness/story.ts";
import { until } from "../harness/until.ts";

const MiB = 1024 * 1024;

let story: Story;

const smallVm = (name: string, cluster: string) => ({
  name,
  cluster,
  status: "up" as const,
  disks: [{ alias: `${name}_root`, size: 8 * MiB, fill: { seed: name, bytes: 3 * MiB } }],
});

beforeAll(async () => {
  story = await openStory({
    labs: [
      { ...twoClusters("alpha"), vms: ["one", "two", "three"].map((name) => smallVm(name, "east")) },
      { ...twoClusters("beta"), vms: [smallVm("far", "west")] },
    ],
    agents: [
      { name: "alpha-east", manager: "alpha", cluster: "east", slots: 1 },
      { name: "alpha-west", manager: "alpha", cluster: "west", slots: 1 },
      { name: "beta-east", manager: "beta", cluster: "east", slots: 1 },
    ],
  });
});

afterAll(async () => {
  await story?.[Symbol.asyncDispose]();
});

/** Backs these VMs up and answers the session, which must succeed. */
const backUp = async (job: string, vms: readonly string[]): Promise<Session> => {
  await story.operator.createJob(job, vms);
  const session = await story.operator.runJob(job);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  return session;
};

const onlyTask = (session: Session): Task => present(session.tasks[0]);

/** Kills an agent, waits until the controller calls it silent, does the work, and brings it back. */
const without = async (name: string, work: () => Promise<void>): Promise<void> => {
  const agent = story.installation.agent(name);
  await agent.kill();
  await until(`agent ${name} to be silent`, async () => {
    const { agents } = await story.installation.api.service(AgentService).listAgents({}, { timeoutMs: 60_000 });
    return agents.some((one) => one.name === name && one.state === "silent");
  });
  await work();
  await agent.start();
  await story.operator.waitForAgents(name);
};

const nothingLeft = async (): Promise<void> => {
  for (const lab of [story.lab("alpha"), story.lab("beta")]) {
    const { checkpoints } = await lab.control.leftovers();
    await expectNothingLeft(lab, { checkpoints: checkpoints.map(({ id }) => id) });
  }
};

test("a VM goes to the agent of its own cluster, though others are free", async () => {
  const task = onlyTask(await backUp("own", ["alpha/one"]));
  expect(task).toMatchObject({
    agentName: "alpha-east",
    placement: "alpha-east: agent of the VM's cluster east",
  });
});

test("a VM whose cluster has no agent goes to another cluster of its manager", async () => {
  const task = onlyTask(await backUp("other-cluster", ["beta/far"]));
  expect(task).toMatchObject({
    agentName: "beta-east",
    placement: "beta-east: agent of another cluster of manager beta: the VM's cluster west has no agent",
  });
});

test("a VM whose manager has no healthy agent goes to another manager's", async () => {
  await without("beta-east", async () => {
    const task = onlyTask(await backUp("other-manager", ["beta/far"]));
    expect(["alpha-east", "alpha-west"]).toContain(task.agentName);
    expect(task.placement).toBe(
      `${task.agentName}: agent of another manager: the VM's cluster west has no agent; ` +
        "another cluster of manager beta has no healthy agent (silent: beta-east)",
    );
  });
});

test("a VM whose own agents are not healthy falls through to the next cluster", async () => {
  await without("alpha-east", async () => {
    const task = onlyTask(await backUp("fall-through", ["alpha/one"]));
    expect(task).toMatchObject({
      agentName: "alpha-west",
      placement:
        "alpha-west: agent of another cluster of manager alpha: " +
        "the VM's cluster east has no healthy agent (silent: alpha-east)",
    });
  });
});

test("when all agents of its cluster are busy a VM waits in a visible queue, and goes on when a slot frees", async () => {
  const { operator } = story;
  const { control } = story.lab("alpha");
  await operator.createJob("busy", ["alpha/one", "alpha/two", "alpha/three"]);
  await control.armImageioFault({ fault: { kind: "delay", ms: 1_000 } });
  const sessionId = await operator.startJob("busy");
  const waiting = await until("two VMs to wait behind one", async () => {
    const { tasks } = await operator.session(sessionId);
    const queued = tasks.filter(({ state, queuePlace }) => state === "waiting" && queuePlace > 0);
    return tasks.some(({ state }) => state === "running") && queued.length === 2 && queued;
  });
  expect(new Set(waiting.map(({ queuePlace }) => queuePlace))).toStrictEqual(new Set([1, 2]));
  for (const { doing } of waiting) {
    expect(doing).toBe("waits for a free slot: all agents of the VM's cluster east are busy (alpha-east)");
  }

  await control.clearFaults();
  const session = await operator.waitForEnd(sessionId);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  for (const task of session.tasks) {
    expect(task).toMatchObject({ agentName: "alpha-east", placement: "alpha-east: agent of the VM's cluster east" });
  }
  await nothingLeft();
});
