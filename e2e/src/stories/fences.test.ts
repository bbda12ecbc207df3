import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { AgentService } from "@holdfast/proto/holdfast/controller/v1/agent_pb";
import { SessionService } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { slowReads, untilTransferring } from "../harness/mid-transfer.ts";
import { describeSession, present, quietMoment } from "../harness/operator.ts";
import type { Relay } from "../harness/relay.ts";
import { type Dice, rollDice } from "../harness/seed.ts";
import { type Stage, openStage } from "../harness/stage.ts";
import { until } from "../harness/until.ts";

const call = { timeoutMs: 60_000 };

let stage: Stage;
let relay: Relay;
let dice: Dice;

beforeAll(async () => {
  dice = rollDice("fences");
  stage = await openStage({ agents: ["east-1", "east-2"], slots: 1 });
  relay = stage.repositoryRelay;
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

const agentLog = async (name: string): Promise<string> =>
  await readFile(join(stage.run.dir, `agent-${name}.log`), "utf8");

/** The answer to the next commit, and all that comes after it, does not come back to the agent. */
const swallowAnswerToCommit = async (): Promise<void> => {
  const committed = (): number =>
    readdirSync(join(stage.run.dir, "repository", "points"), { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".point"),
    ).length;
  const before = committed();
  await relay.swallowAnswersOnce(() => committed() > before);
};

const cancel = async (sessionId: string): Promise<void> => {
  await stage.installation.api.service(SessionService).cancelSession({ sessionId }, call);
};

/** Agents hold connections to the repository only while they have an attempt; the controller has one. */
const untilOnlyController = (): Promise<unknown> =>
  until(`the agents to have closed their connections`, () => relay.connections <= 1);

test("an agent that slept past its heartbeat wakes after another committed: one point, a coded refusal, and it works again (R5)", async () => {
  const { lab, operator, installation } = stage;
  const vm = await stage.addVm("sleeper");
  await slowReads(lab);
  const sessionId = await stage.start(vm.name);
  await untilTransferring(lab, vm);
  const sleeper = present((await operator.session(sessionId)).tasks[0]).agentName;
  const other = sleeper === "east-1" ? "east-2" : "east-1";
  installation.agent(sleeper).signal("SIGSTOP");
  await lab.control.clearFaults();

  const session = await operator.waitForEnd(sessionId);
  const attempts = present(session.tasks[0]).attempts;
  expect(attempts, describeSession(session)).toMatchObject([
    { agentName: sleeper, state: "lost", code: "AGENT_LOST" },
    { agentName: other, state: "succeeded" },
  ]);

  // Without a bus nobody but the repository can tell it.
  await installation.nats.kill();
  installation.agent(sleeper).signal("SIGCONT");
  await until("the sleeper to be refused", async () => (await agentLog(sleeper)).includes("ATTEMPT_FENCED"));
  await untilOnlyController();
  await installation.nats.start();
  await stage.expectSound(vm, 1);

  await operator.waitForAgents(sleeper);
  await until("the sleeper's slot to be free", async () => {
    const { agents } = await installation.api.service(AgentService).listAgents({}, call);
    return agents.some(({ name, busySlots }) => name === sleeper && busySlots === 0);
  });
  await installation.agent(other).kill();
  const next = await stage.backUp(vm);
  expect(next.tasks[0]?.attempts, describeSession(next)).toMatchObject([{ agentName: sleeper, state: "succeeded" }]);
  await stage.expectSound(vm, 2);
  await installation.agent(other).start();
  await operator.waitForAgents(other);
});

test("the commit's answer is lost: the attempt asks again and reports the point that it made (R5)", async () => {
  const { operator } = stage;
  const vm = await stage.addVm("answer-lost");
  const swallowed = swallowAnswerToCommit();
  const sessionId = await stage.start(vm.name);
  await swallowed;
  const point = await until("the point to be committed", async () => (await operator.points(vm.id))[0]);
  relay.cutSwallowed();

  const session = await operator.waitForEnd(sessionId);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  expect(session.tasks[0], describeSession(session)).toMatchObject({ pointId: point.pointId });
  expect(session.tasks[0]?.attempts).toMatchObject([{ number: 1, state: "succeeded" }]);
  await untilOnlyController();
  await stage.expectSound(vm, 1);
});

test("a cancellation that comes after the commit and before its answer: the session says what the repository says (A12)", async () => {
  const { operator } = stage;
  const vm = await stage.addVm("cancelled-late");
  const swallowed = swallowAnswerToCommit();
  const sessionId = await stage.start(vm.name);
  await swallowed;
  const point = await until("the point to be committed", async () => (await operator.points(vm.id))[0]);
  await cancel(sessionId);

  const session = await operator.waitForEnd(sessionId);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  expect(session.tasks[0]).toMatchObject({ pointId: point.pointId, state: "succeeded" });
  relay.cutSwallowed();
  await untilOnlyController();
  await stage.expectSound(vm, 1);
});

test("cancelling at any moment: cancelled without a point, or succeeded with one (A12)", async () => {
  const { operator } = stage;
  const vm = await stage.addVm("cancelled");
  const first = await stage.backUp(vm);
  const usualMs = Number(first.endedMs - first.createdMs);
  let points = 1;
  for (let round = 0; round < 4; round += 1) {
    await stage.change(vm, dice.below(1_000_000));
    const sessionId = await stage.start(vm.name);
    await quietMoment(dice.below(usualMs));
    await cancel(sessionId);

    const session = await operator.waitForEnd(sessionId);
    const task = present(session.tasks[0]);
    const made = (await operator.points(vm.id)).filter((point) => point.sessionId === sessionId);
    expect([task.state, made.length], describeSession(session)).toEqual(
      made.length === 0 ? ["cancelled", 0] : ["succeeded", 1],
    );
    expect(session.result).toBe(made.length === 0 ? Result.CANCELLED : Result.SUCCESS);
    points += made.length;
  }
  await untilOnlyController();
  await stage.expectSound(vm, points);
});

test("a session that is stopped finishes the VMs under way and starts no more", async () => {
  const { lab, operator, installation } = stage;
  const vms = [await stage.addVm("stopped-1"), await stage.addVm("stopped-2"), await stage.addVm("stopped-3")];
  await operator.createJob(
    "stopped",
    vms.map(({ name }) => name),
  );
  await slowReads(lab);
  const sessionId = await stage.start("stopped");
  await until("two tasks to run", async () => {
    const { tasks } = await operator.session(sessionId);
    return tasks.filter(({ state }) => state === "running").length === 2;
  });
  await installation.api.service(SessionService).stopSession({ sessionId }, call);
  await lab.control.clearFaults();

  const session = await operator.waitForEnd(sessionId);
  expect(session.result, describeSession(session)).toBe(Result.CANCELLED);
  expect(session.tasks.map(({ state }) => state).toSorted(), describeSession(session)).toEqual([
    "cancelled",
    "succeeded",
    "succeeded",
  ]);
  expect(session.tasks.find(({ state }) => state === "cancelled")?.attempts).toEqual([]);
  await untilOnlyController();
  for (const vm of vms) {
    const made = session.tasks.filter(({ vmId, state }) => vmId === vm.id && state === "succeeded");
    await stage.expectSound(vm, made.length);
  }
});
