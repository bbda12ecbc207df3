import type { SessionId } from "@holdfast/shared/ids/ids";
import { afterEach, expect, test, vi } from "vitest";
import { findSession } from "../database/sessions-table.ts";
import { listTasksOfSession } from "../database/tasks-table.ts";
import { type BenchFacts, type TestBench, openTestBench } from "../testing/open-test-bench.ts";
import { claimed, memberOf, reaches, ready, scriptedAgent, until } from "../testing/scripted-agent.ts";
import { endAttempt } from "./end-attempt.ts";
import { wishFor } from "./wish.ts";

let bench: TestBench;
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

/** A bench with one agent and a session with a backup of VM `one`; `told` is the first words of what its engine was told. */
const begun = async (settings: NonNullable<BenchFacts["settings"]> = {}) => {
  bench = await openTestBench(60_000, { settings });
  const told: string[] = [];
  vi.spyOn(bench.deps.managers.get("one").hypervisor, "postEvent").mockImplementation(async ({ description }) => {
    told.push(description.replace(/ \(.*/, "").replace("Holdfast ", ""));
  });
  const agent = scriptedAgent(bench, "a1", "c1");
  await agent.hello();
  const sessionId: SessionId = await bench.begin("s1", ["one"]);
  return { agent, sessionId, told };
};

const begin = "begins the backup of VM one";

test("a task that is cancelled while it waits for another attempt is told as ended", async () => {
  const { agent, sessionId, told } = await begun({ retryDelayMs: 600_000 });
  const { attemptId, taskId } = await claimed(agent);
  await ready(agent, attemptId);
  await agent.fail(attemptId, true);
  await reaches(bench, taskId, "waiting");
  expect(told).toEqual([begin]);
  await wishFor(bench.deps, sessionId, "cancel");
  await until(async () => expect(told).toEqual([begin, "ended the backup of VM one: cancelled"]));
});

test("a task for whose next attempt there is no agent is told as ended", async () => {
  const { agent, told } = await begun({ noAgentPatienceMs: 1 });
  const { attemptId, taskId } = await claimed(agent);
  await ready(agent, attemptId);
  await bench.deps.identity.members.keep(memberOf("a1", { revokedMs: 5 }));
  const ending = { v: 1, cause: "failed", code: "DISK_READ_FAILED", message: "broken", retryable: true } as const;
  await endAttempt(bench.deps, attemptId, ending);
  await until(async () => {
    bench.deps.runner.poke(taskId);
    expect(told).toHaveLength(2);
  });
  expect(told[1]).toMatch(/^ended the backup of VM one: failed with NO_AGENT: /);
});

test("a task that is cancelled while the engine is made ready is told as ended", async () => {
  const { agent, sessionId, told } = await begun();
  bench.work.isHanging = true;
  const { taskId } = await claimed(agent);
  await until(async () => expect(told).toEqual([begin]));
  await wishFor(bench.deps, sessionId, "cancel");
  await reaches(bench, taskId, "cancelled");
  expect(told).toEqual([begin, "ended the backup of VM one: cancelled"]);
});

test("of a task that no agent took nothing is told", async () => {
  const { sessionId, told } = await begun();
  const { queries } = bench.deps.database;
  await until(async () => expect(await listTasksOfSession(queries, sessionId)).toMatchObject([{ state: "waiting" }]));
  await wishFor(bench.deps, sessionId, "cancel");
  await until(async () => expect(await findSession(queries, sessionId)).toMatchObject({ state: "ended" }));
  expect(told).toEqual([]);
});
