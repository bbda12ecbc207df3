import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { afterAll, beforeAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { findSession } from "../database/sessions-table.ts";
import { findTask, listTasksOfSession } from "../database/tasks-table.ts";
import { wishFor } from "../sessions/wish.ts";
import { type TestBench, openTestBench } from "../testing/open-test-bench.ts";
import { openTestInstallation, type TestInstallationFolder } from "../testing/open-test-installation.ts";
import { claimed, memberOf, reaches, ready, scriptedAgent, stateOf, until } from "../testing/scripted-agent.ts";

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

describe("a task", () => {
  it("is tried three times at most, and fails with the last error (A10)", async () => {
    const agent = scriptedAgent(bench, "a1", "c1");
    await agent.hello();
    await bench.begin("s1", ["one"]);
    let taskId = "";
    for (const number of [1, 2, 3]) {
      const attempt = await claimed(agent);
      expect(attempt.number).toBe(number);
      ({ taskId } = attempt);
      await ready(agent, attempt.attemptId);
      await agent.fail(attempt.attemptId, true);
    }
    await reaches(bench, taskId, "failed");
    const task = await findTask(bench.deps.database.queries, taskId);
    expect(task?.result).toBe("failed");
    expect(task?.remarks.at(-1)).toMatchObject({ level: "error", code: "DISK_READ_FAILED", message: "broken" });
  });

  it("goes on above the highest attempt that its repository named (A9)", async () => {
    const agent = scriptedAgent(bench, "a1", "c1");
    await agent.hello();
    await bench.begin("s1", ["one"]);
    const first = await claimed(agent);
    await ready(agent, first.attemptId);
    await agent.fail(first.attemptId, false, { code: "ATTEMPT_FENCED", highestAttempt: 41 });
    expect(await claimed(agent)).toMatchObject({ taskId: first.taskId, number: 42 });
  });

  it("is not tried again after a failure that will not mend, nor when its engine cannot be made ready for such", async () => {
    const agent = scriptedAgent(bench, "a1", "c1");
    await agent.hello();
    bench.work.prepareError = new HoldfastError("ENGINE_FAULT", "no");
    await bench.begin("s1", ["one"]);
    const attempt = await claimed(agent);
    await reaches(bench, attempt.taskId, "failed");
    expect((await agent.orders(attempt.attemptId)).orders).toStrictEqual({ case: "ended", value: "ENGINE_FAULT" });
  });

  it("is tried again when its agent heard from a repository that it was revoked, and said so first", async () => {
    const [agent, other] = [scriptedAgent(bench, "a1", "c1"), scriptedAgent(bench, "a2", "c1")];
    await agent.hello();
    await bench.begin("s1", ["one"]);
    const attempt = await claimed(agent);
    await ready(agent, attempt.attemptId);
    await agent.fail(attempt.attemptId, false, { code: "IDENTITY_REVOKED" });
    await bench.deps.identity.members.keep(memberOf("a1", { revokedMs: 5 }));
    await other.hello();
    expect(await claimed(other)).toMatchObject({ taskId: attempt.taskId, number: 2 });
  });

  it("is uncertain while the fence has no answer: cleaned up, its VM held, and settled when it answers (A7)", async () => {
    const agent = scriptedAgent(bench, "a1", "c1");
    await agent.hello();
    await bench.begin("s1", ["one"]);
    const attempt = await claimed(agent);
    await ready(agent, attempt.attemptId);
    bench.work.fence = "silent";
    await agent.succeed(attempt.attemptId);
    await until(async () => {
      expect(bench.work.settled).toStrictEqual(["uncertain"]);
    });
    expect(await stateOf(bench, attempt.taskId)).toBe("uncertain");
    await bench.begin("s2", ["one"]);
    expect((await agent.claim()).attempt).toBeUndefined();
    bench.work.fence = "committed";
    await reaches(bench, attempt.taskId, "succeeded");
    expect(bench.work.settled).toStrictEqual(["uncertain", "committed"]);
    expect((await claimed(agent)).sessionId).toBe("s2");
  });

  it("waits while another session's task works on its VM, and then goes on", async () => {
    const agent = scriptedAgent(bench, "a1", "c1");
    await agent.hello();
    await bench.begin("s1", ["one"]);
    const first = await claimed(agent);
    await ready(agent, first.attemptId);
    const [second] = await listTasksOfSession(bench.deps.database.queries, await bench.begin("s2", ["one"]));
    await until(async () => {
      expect(await findTask(bench.deps.database.queries, second?.taskId ?? "")).toMatchObject({
        doing: expect.stringContaining("waits for a task of session s1"),
      });
    });
    bench.work.fence = "committed";
    await agent.succeed(first.attemptId);
    expect((await claimed(agent)).taskId).toBe(second?.taskId);
  });

  it("ends when its session is cancelled, even while the engine is being made ready", async () => {
    const agent = scriptedAgent(bench, "a1", "c1");
    await agent.hello();
    bench.work.isHanging = true;
    await bench.begin("s1", ["one", "two"]);
    const attempt = await claimed(agent);
    expect((await agent.orders(attempt.attemptId)).orders.case).toBe("preparing");
    await wishFor(bench.deps, "s1", "cancel");
    await until(async () => {
      expect(await findSession(bench.deps.database.queries, "s1")).toMatchObject({
        state: "ended",
        result: "cancelled",
      });
    });
    expect((await agent.beat(attempt)).ended).toMatchObject([{ code: "CANCELLED" }]);
  });

  it("is what the fence says when a cancellation meets a commit (A12)", async () => {
    const agent = scriptedAgent(bench, "a1", "c1");
    await agent.hello();
    await bench.begin("s1", ["one"]);
    const attempt = await claimed(agent);
    await ready(agent, attempt.attemptId);
    bench.work.fence = "committed";
    await wishFor(bench.deps, "s1", "cancel");
    await reaches(bench, attempt.taskId, "succeeded");
    expect(await findTask(bench.deps.database.queries, attempt.taskId)).toMatchObject({ pointId: attempt.taskId });
  });

  it("under way is finished in a stopped session, and no other is started", async () => {
    const agent = scriptedAgent(bench, "a1", "c1");
    await agent.hello();
    const session = await bench.begin("s1", ["one", "two"]);
    const attempt = await claimed(agent);
    await ready(agent, attempt.attemptId);
    await wishFor(bench.deps, "s1", "stop");
    bench.work.fence = "committed";
    await agent.succeed(attempt.attemptId);
    await reaches(bench, attempt.taskId, "succeeded");
    await until(async () => {
      const states = (await listTasksOfSession(bench.deps.database.queries, session)).map(({ state }) => state);
      expect(states.sort()).toStrictEqual(["cancelled", "succeeded"]);
    });
  });
});
