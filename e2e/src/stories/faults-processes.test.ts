import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { slowReads, untilTransferring } from "../harness/mid-transfer.ts";
import { describeSession, present } from "../harness/operator.ts";
import { type Stage, openStage } from "../harness/stage.ts";

let stage: Stage;

beforeAll(async () => {
  stage = await openStage({ agents: ["east-1", "east-2"] });
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

test("an agent killed in mid-transfer: another takes the task, one point, nothing left (R5, R6)", async () => {
  const { lab, operator, installation } = stage;
  const vm = await stage.addVm("agent-killed");
  await slowReads(lab);
  const sessionId = await stage.start(vm.name);
  await untilTransferring(lab, vm);
  const victim = present((await operator.session(sessionId)).tasks[0]).agentName;
  await installation.agent(victim).kill();
  await lab.control.clearFaults();

  const session = await operator.waitForEnd(sessionId);
  expect([Result.SUCCESS, Result.WARNING], describeSession(session)).toContain(session.result);
  const attempts = present(session.tasks[0]).attempts;
  expect(attempts[0], describeSession(session)).toMatchObject({ agentName: victim, state: "lost", code: "AGENT_LOST" });
  expect(attempts.at(-1), describeSession(session)).toMatchObject({ state: "succeeded" });
  expect(attempts.at(-1)?.agentName).not.toBe(victim);
  await stage.expectSound(vm, 1);
  await installation.agent(victim).start();
  await operator.waitForAgents("east-1", "east-2");
});

test("an agent killed and started at once: its new life ends the attempt of the former one", async () => {
  const { lab, operator, installation } = stage;
  const vm = await stage.addVm("agent-restarted");
  await slowReads(lab);
  const sessionId = await stage.start(vm.name);
  await untilTransferring(lab, vm);
  const victim = installation.agent(present((await operator.session(sessionId)).tasks[0]).agentName);
  await victim.kill();
  await victim.start();
  await lab.control.clearFaults();

  const session = await operator.waitForEnd(sessionId);
  expect(present(session.tasks[0]).attempts.map(({ state }) => state)).toEqual(["lost", "succeeded"]);
  await stage.expectSound(vm, 1);
  await operator.waitForAgents("east-1", "east-2");
});

test("the controller killed in mid-session: the agent works on, and the same attempt succeeds (A4, A5)", async () => {
  const { lab, operator, installation } = stage;
  const vm = await stage.addVm("controller-killed");
  await slowReads(lab);
  const sessionId = await stage.start(vm.name);
  await untilTransferring(lab, vm);
  await installation.controller.kill();
  await lab.control.clearFaults();
  await installation.controller.start();

  const session = await operator.waitForEnd(sessionId);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  expect(present(session.tasks[0]).attempts, describeSession(session)).toHaveLength(1);
  await stage.expectSound(vm, 1);
});

test("the repository killed in mid-upload: the upload is opened again, and the point is whole (R1)", async () => {
  const { lab, operator, installation } = stage;
  const vm = await stage.addVm("repository-killed");
  await slowReads(lab);
  const sessionId = await stage.start(vm.name);
  await untilTransferring(lab, vm);
  await installation.repository.kill();
  await installation.repository.start();
  await lab.control.clearFaults();

  const session = await operator.waitForEnd(sessionId);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  await stage.expectSound(vm, 1);

  await stage.change(vm, 11);
  const next = await stage.backUp(vm);
  expect(next.tasks[0]?.disks[0]?.mode, describeSession(next)).toBe("incremental");
  await stage.expectSound(vm, 2);
});

test("nats-server killed in mid-session and started again: nothing is lost but seconds", async () => {
  const { lab, operator, installation } = stage;
  const vm = await stage.addVm("bus-killed");
  await slowReads(lab);
  const sessionId = await stage.start(vm.name);
  await untilTransferring(lab, vm);
  await installation.nats.kill();
  await lab.control.clearFaults();
  await installation.nats.start();

  const session = await operator.waitForEnd(sessionId);
  expect([Result.SUCCESS, Result.WARNING], describeSession(session)).toContain(session.result);
  await stage.expectSound(vm, 1);
  await operator.waitForAgents("east-1", "east-2");
});
