import { ClaimRequestSchema, ClaimResponseSchema } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import { agentSubject } from "@holdfast/shared/bus/subjects";
import { busRequest } from "@holdfast/shared/bus/typed";
import { afterAll, beforeAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { listAttempts } from "../database/attempts-table.ts";
import { findSession } from "../database/sessions-table.ts";
import { listTasksOfSession } from "../database/tasks-table.ts";
import { type TestBench, openTestBench } from "../testing/open-test-bench.ts";
import { openTestInstallation, type TestInstallationFolder } from "../testing/open-test-installation.ts";
import { claimed, reaches, ready, scriptedAgent, until } from "../testing/scripted-agent.ts";

let home: TestInstallationFolder;
beforeAll(async () => {
  home = await openTestInstallation();
});
afterAll(() => home[Symbol.asyncDispose]());
let bench: TestBench;
beforeEach(async () => {
  bench = await openTestBench(60_000, { home });
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

describe("an agent on the bus", () => {
  it("says hello, claims, is given orders, reports, and the fence makes it a success", async () => {
    const agent = scriptedAgent(bench, "a1", "c1");
    expect(await agent.hello()).toMatchObject({ installationId: "inst", clusterId: "c1", heartbeatIntervalMs: 100 });
    await bench.begin("s1", ["one"]);
    const attempt = await claimed(agent);
    expect(attempt).toMatchObject({
      number: 1,
      sessionId: "s1",
      vmName: "one",
      correlationId: `hf-${attempt.taskId}-1`,
    });
    await ready(agent, attempt.attemptId);
    expect((await agent.beat(attempt)).ended).toStrictEqual([]);
    bench.work.fence = "committed";
    await agent.succeed(attempt.attemptId);
    await reaches(bench, attempt.taskId, "succeeded");
    await until(async () => {
      expect(await findSession(bench.deps.database.queries, "s1")).toMatchObject({ state: "ended", result: "success" });
    });
    expect((await agent.beat(attempt)).ended).toMatchObject([{ attemptId: attempt.attemptId }]);
  });

  it("is given the attempt again whose answer was lost, and not once it has named it (A1)", async () => {
    const agent = scriptedAgent(bench, "a1", "c1");
    await agent.hello();
    await bench.begin("s1", ["one"]);
    const attempt = await claimed(agent);
    expect((await agent.claim()).attempt?.attemptId).toBe(attempt.attemptId);
    await agent.beat(attempt);
    expect((await agent.claim()).attempt).toBeUndefined();
  });

  it("is allotted one attempt by claims that come at once, and the task moves once (A1)", async () => {
    const agent = scriptedAgent(bench, "a1", "c1");
    await agent.hello();
    await bench.begin("s1", ["one"]);
    const attempt = await claimed(agent);
    const repeated = await Promise.all([agent.claim(), agent.claim(), agent.claim()]);
    expect(repeated.map((answer) => answer.attempt?.attemptId)).toStrictEqual(Array(3).fill(attempt.attemptId));
    expect(await listAttempts(bench.deps.database.queries, attempt.taskId)).toHaveLength(1);
    const moves = bench.log.lines.filter(
      ({ message, fields }) => message === "task moved" && fields["to"] === "preparing",
    );
    expect(moves).toHaveLength(1);
  });

  it("is given nothing that placement gives to another, nor before it said hello", async () => {
    const [own, other, stranger] = [
      scriptedAgent(bench, "own", "c1"),
      scriptedAgent(bench, "other", "c2"),
      scriptedAgent(bench, "stranger", "c1"),
    ];
    await own.hello();
    await other.hello();
    const session = await bench.begin("s1", ["one"]);
    await until(async () => {
      const [task] = await listTasksOfSession(bench.deps.database.queries, session);
      expect(task?.state).toBe("waiting");
    });
    expect((await other.claim()).attempt).toBeUndefined();
    expect((await stranger.claim()).attempt).toBeUndefined();
    expect((await own.claim()).attempt).toBeDefined();
  });

  it("may not speak for another agent", async () => {
    const asked = busRequest(
      bench.agentBus,
      { subject: agentSubject("a1", "claim"), request: ClaimRequestSchema, response: ClaimResponseSchema },
      { v: 1, agentId: "a2", incarnation: "x", freeSlots: 1 },
      { timeoutMs: 5_000 },
    );
    await expect(asked).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("gets no ticket of an attempt that it does not hold, nor by a loan that was not named to it (A11)", async () => {
    const [agent, thief] = [scriptedAgent(bench, "a1", "c1"), scriptedAgent(bench, "thief", "c1")];
    await agent.hello();
    await thief.hello();
    await bench.begin("s1", ["one"]);
    const attempt = await claimed(agent);
    await ready(agent, attempt.attemptId);
    await expect(thief.openDisk(attempt.attemptId)).rejects.toMatchObject({ code: "ATTEMPT_UNKNOWN" });
    await expect(thief.openDisk(attempt.attemptId, "guessed")).rejects.toMatchObject({ code: "ATTEMPT_UNKNOWN" });
    expect((await thief.orders(attempt.attemptId)).orders).toStrictEqual({ case: "ended", value: "ATTEMPT_UNKNOWN" });
  });

  it("loses its attempt when it is started anew, and the task goes to the next attempt (A4)", async () => {
    const agent = scriptedAgent(bench, "a1", "c1");
    await agent.hello();
    await bench.begin("s1", ["one"]);
    const first = await claimed(agent);
    await ready(agent, first.attemptId);
    const reborn = scriptedAgent(bench, "a1", "c1", "life2");
    await reborn.hello();
    const second = await claimed(reborn);
    expect(second).toMatchObject({ taskId: first.taskId, number: 2 });
    expect(second.attemptId).not.toBe(first.attemptId);
    expect((await listAttempts(bench.deps.database.queries, first.taskId))[0]).toMatchObject({
      state: "lost",
      fence: "retired",
      cleaned: true,
    });
  });

  it("is told to end an attempt that nobody knows, and the attempt is fenced (A8)", async () => {
    const agent = scriptedAgent(bench, "a1", "c1");
    await agent.hello();
    const unknown = { taskId: "gone", number: 4, attemptId: "z9" };
    expect((await agent.beat(unknown)).ended).toMatchObject([{ attemptId: "z9", code: "ATTEMPT_UNKNOWN" }]);
    const rows = await bench.deps.database.queries.selectFrom("unknown_attempts").selectAll().execute();
    expect(rows).toMatchObject([{ task_id: "gone", number: 4 }]);
  });
});
