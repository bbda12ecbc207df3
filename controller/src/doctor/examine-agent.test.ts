import {
  ExaminedRequestSchema,
  ExaminedResponseSchema,
  ExamineRequestSchema,
  ExamineResponseSchema,
  WakeSchema,
} from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { Examination } from "@holdfast/proto/holdfast/doctor/v1/doctor_pb";
import { agentSubject, toAgentSubject } from "@holdfast/shared/bus/subjects";
import { busRequest, busSubscribe } from "@holdfast/shared/bus/typed";
import type { Check } from "@holdfast/shared/doctor/check";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import { productVersion } from "@holdfast/shared/version/product-version";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestBench, type TestBench } from "../testing/open-test-bench.ts";
import { type AgentDoctor, type ExaminedAgent, examineAgent } from "./examine-agent.ts";
import { ExaminationDesk } from "./examination-desk.ts";
import { createExaminationBell, serveExaminations } from "./serve-examinations.ts";

const stack = new AsyncDisposableStack();
let bench: TestBench;
let doctor: AgentDoctor;

beforeAll(async () => {
  bench = stack.use(await openTestBench());
  const bus = stack.use(await bench.folder.connect("controller-too"));
  const { clock, random, identity, repositories } = bench.deps;
  const examinations = new ExaminationDesk({ clock, random });
  stack.use(await serveExaminations(bus, examinations, silentLogger));
  doctor = {
    clock,
    identity,
    repositories,
    examinations,
    ring: createExaminationBell(bus),
    engines: () => Promise.resolve([]),
    version: productVersion,
  };
});
afterAll(() => stack.disposeAsync());

const agent = (parts: Partial<ExaminedAgent> = {}): ExaminedAgent => ({
  agentId: "agent1" as ExaminedAgent["agentId"],
  name: "east-1",
  version: productVersion,
  health: "healthy",
  managerId: "m",
  clusterId: "c",
  managerName: "east",
  clusterName: "one",
  reachableHosts: ["*"],
  seenMs: Date.now(),
  workerId: "",
  refusal: "",
  ...parts,
});

const examine = (parts: Partial<ExaminedAgent>, timeoutMs = 10_000): Promise<readonly Check[]> =>
  examineAgent(doctor, agent(parts), { timeoutMs, signal: new AbortController().signal });

/** An agent of this id that answers every wake-up to an examination with these checks. */
const answering = async (agentId: string, checks: readonly Check[]) => {
  const bus = bench.agentBus;
  const seen: Examination[] = [];
  const wakes = await busSubscribe(bus, toAgentSubject(agentId), WakeSchema, silentLogger);
  const limits = { timeoutMs: 5_000 };
  const listening = (async () => {
    for await (const { examineId } of wakes) {
      const begin = {
        subject: agentSubject(agentId, "examine"),
        request: ExamineRequestSchema,
        response: ExamineResponseSchema,
      };
      const { examination } = await busRequest(bus, begin, { agentId, examineId }, limits);
      if (examination !== undefined) seen.push(examination);
      const tell = {
        subject: agentSubject(agentId, "examined"),
        request: ExaminedRequestSchema,
        response: ExaminedResponseSchema,
      };
      const found = { agentId, examineId, isLast: true, trustNumber: 1, checks: [...checks] };
      await busRequest(bus, tell, found, limits);
    }
  })();
  return {
    seen,
    [Symbol.asyncDispose]: async () => {
      await wakes[Symbol.asyncDispose]();
      await listening;
    },
  };
};

const stateOfKind = (checks: readonly Check[]) => checks.map(({ kind, state }) => `${kind} ${state}`);

test("an agent that answers is told what to look at, and its findings stand under its name", async () => {
  await using told = await answering("agent1", [{ role: "controller", name: "liar", kind: "space", state: "warning" }]);
  const checks = await examine({});
  expect(stateOfKind(checks)).toEqual(["hello ok", "version ok", "answer ok", "trust ok", "space warning"]);
  for (const check of checks) expect(check).toMatchObject({ role: "agent", name: "east-1" });
  expect(told.seen).toMatchObject([{ version: productVersion, trustNumber: 1 }]);
  expect(Math.abs(Number(told.seen[0]?.clockMs) - Date.now())).toBeLessThan(60_000);
});

test("an agent that does not answer in time is an error of its own, with what to do", async () => {
  const checks = await examine({ agentId: "mute" as ExaminedAgent["agentId"] }, 300);
  expect(checks.at(-1)).toMatchObject({
    kind: "answer",
    state: "error",
    message: "no answer within 0.3 s",
    advice: expect.stringContaining("start it again"),
  });
});

test("an agent of another version says so", async () => {
  const checks = await examine({ agentId: "mute" as ExaminedAgent["agentId"], version: "9.0.0" }, 100);
  expect(checks.find(({ kind }) => kind === "version")).toMatchObject({ state: "error" });
});

test("a silent agent is an error and not waited for; a worker's may sleep, a revoked one is gone", async () => {
  expect(await examine({ health: "silent" })).toMatchObject([{ kind: "hello", state: "error" }]);
  expect(await examine({ health: "silent", workerId: "w1" })).toMatchObject([{ kind: "hello", state: "skipped" }]);
  expect(await examine({ health: "revoked" })).toMatchObject([{ kind: "hello", state: "skipped" }]);
});

test("an agent without a place, or on its way out, deserves a warning", async () => {
  const mute = { agentId: "mute" as ExaminedAgent["agentId"] };
  expect((await examine({ ...mute, health: "unplaced" }, 100))[0]).toMatchObject({ state: "warning" });
  expect((await examine({ ...mute, health: "draining" }, 100))[0]).toMatchObject({ state: "warning" });
});

test("who stops waiting is not answered any more", async () => {
  const stop = new AbortController();
  const waiting = examineAgent(doctor, agent({ agentId: "mute" as ExaminedAgent["agentId"] }), {
    timeoutMs: 60_000,
    signal: stop.signal,
  });
  stop.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
});
