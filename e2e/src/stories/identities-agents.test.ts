import { Health, HealthCheckResponse_ServingStatus as Status } from "@holdfast/proto/grpc/health/v1/health_pb";
import { type Agent, AgentService } from "@holdfast/proto/holdfast/controller/v1/agent_pb";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { type Session, SessionService, type Task } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openCommandLine } from "../harness/command-line.ts";
import { createDialer } from "../harness/dialer.ts";
import { patientWithAgents } from "../harness/installation.ts";
import { slowReads, untilTransferring } from "../harness/mid-transfer.ts";
import { describeSession, present, quietMoment } from "../harness/operator.ts";
import { type Stage, openStage } from "../harness/stage.ts";
import { until } from "../harness/until.ts";
import { openVouching } from "../harness/vouching.ts";

const call = { timeoutMs: 30_000 };
const readDelayMs = 1_000;

let stage: Stage;

beforeAll(async () => {
  const agentEnv = { HOLDFAST_AGENT_DRAIN_MS: "120000" };
  stage = await openStage({ agents: ["east-1"], slots: 1, agentEnv, controllerEnv: patientWithAgents });
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

const shownAgent = async (): Promise<Agent> => {
  const { agents } = await stage.installation.api.service(AgentService).listAgents({}, call);
  return present(agents[0]);
};

const onlyTask = ({ tasks }: Session): Task => present(tasks[0]);

const expectSuccess = (session: Session): void => {
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
};

test("an agent that is told to stop finishes what it holds, takes nothing new, and says so", async () => {
  const { lab, operator, installation } = stage;
  const [held, waiting] = [await stage.addVm("held"), await stage.addVm("waiting")];
  const program = installation.agent("east-1");
  await slowReads(lab, readDelayMs);
  const heldId = await stage.start(held.name);
  await untilTransferring(lab, held);
  program.signal("SIGTERM");
  await until("the agent to be shown as draining", async () => (await shownAgent()).state === "draining");
  expect(await shownAgent()).toMatchObject({
    busySlots: 1,
    stateReason: "it ends what it holds and takes nothing new",
  });
  const waitingId = await operator.startJob(waiting.name);
  await until("the second task to wait for an agent", async () =>
    onlyTask(await operator.session(waitingId)).doing.includes("draining: east-1"),
  );
  expect(onlyTask(await operator.session(heldId))).toMatchObject({ state: "running" });
  await lab.control.clearFaults();

  const session = await operator.waitForEnd(heldId);
  expectSuccess(session);
  expect(onlyTask(session).attempts).toMatchObject([{ number: 1, state: "succeeded" }]);
  expect(await program.exited).toEqual({ code: 0, signal: null });
  expect(onlyTask(await operator.session(waitingId)).attempts).toEqual([]);

  await program.start();
  expectSuccess(await operator.waitForEnd(waitingId));
  await stage.expectSound(held, 1);
  await stage.expectSound(waiting, 1);
});

test("an agent without a bus is not ready, and ready again with it; its process goes on", async () => {
  const { installation } = stage;
  const identity = await (await openVouching(installation.controllerDir)).identity("controller", "story");
  await stage.operator.waitForAgents("east-1");
  const { diskServiceAddress: address } = await shownAgent();
  const { pid } = installation.agent("east-1");
  await using dialer = createDialer();
  const health = dialer.dial({ address, role: "agent", proof: identity }).service(Health);
  const untilStatus = (status: Status): Promise<unknown> =>
    until(`health to be ${status}`, async () => (await health.check({ service: "" }, call)).status === status);

  await untilStatus(Status.SERVING);
  await installation.nats.kill();
  await untilStatus(Status.NOT_SERVING);
  await installation.nats.start();
  await untilStatus(Status.SERVING);
  expect(installation.agent("east-1")).toMatchObject({ pid, isRunning: true });
});

test("a cancellation reaches a running lane: reads end, the slot is free, nothing is left", async () => {
  const { lab, operator, installation } = stage;
  const vm = await stage.addVm("cancelled");
  await slowReads(lab, readDelayMs);
  const sessionId = await stage.start(vm.name);
  await untilTransferring(lab, vm);
  await installation.api.service(SessionService).cancelSession({ sessionId }, call);
  const session = await operator.waitForEnd(sessionId);
  expect(session.result, describeSession(session)).toBe(Result.CANCELLED);
  expect(onlyTask(session)).toMatchObject({ state: "cancelled", pointId: "" });
  await until("the slot to be free", async () => (await shownAgent()).busySlots === 0);

  const requests = async (): Promise<number> =>
    (await lab.control.counters()).tickets.reduce((sum, ticket) => sum + ticket.requests, 0);
  const after = await requests();
  await quietMoment(2 * readDelayMs);
  expect(await requests()).toBe(after);
  await lab.control.clearFaults();
  await stage.expectSound(vm, 0);
  expectSuccess(await stage.backUp(vm));
  await stage.expectSound(vm, 1);
});

test("a task that no agent can do ends after three attempts, with what each of them learnt", async () => {
  const { lab, run, installation } = stage;
  const vm = await stage.addVm("poison");
  await lab.control.armImageioFault({ fault: { kind: "fail-reads", count: 100_000 } });
  const session = await stage.backUp(vm);
  expect(session.result, describeSession(session)).toBe(Result.FAILED);
  const { attempts, remarks } = onlyTask(session);
  expect(attempts, describeSession(session)).toMatchObject(
    [1, 2, 3].map((number) => ({ number, agentName: "east-1", state: "failed", code: "DISK_READ_FAILED" })),
  );
  expect(remarks, describeSession(session)).toContainEqual(expect.objectContaining({ level: "error" }));

  const holdfast = openCommandLine(run, installation);
  const shown = await holdfast(["session", "show", session.sessionId]);
  expect(shown.code, shown.stderr).toBe(0);
  expect(shown.stdout.match(/^attempt [123] on east-1 failed/gm), shown.stdout).toHaveLength(3);
  expect(shown.stdout).toContain("DISK_READ_FAILED");
  for (const { message } of attempts) expect(shown.stdout).toContain(message);

  await lab.control.clearFaults();
  await stage.expectSound(vm, 0);
  expectSuccess(await stage.backUp(vm));
  await stage.expectSound(vm, 1);
});
