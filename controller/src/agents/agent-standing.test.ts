import { wakeSubject } from "@holdfast/shared/bus/subjects";
import { afterAll, beforeAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { listAttempts } from "../database/attempts-table.ts";
import { listTasksOfSession } from "../database/tasks-table.ts";
import { type TestBench, openTestBench } from "../testing/open-test-bench.ts";
import { openTestInstallation, type TestInstallationFolder } from "../testing/open-test-installation.ts";
import { claimed, memberOf, ready, scriptedAgent, stateOf, until } from "../testing/scripted-agent.ts";
import { loseAttemptsOf } from "./lose-attempts-of.ts";
import { giveUpSilentAttempts } from "./watch-liveness.ts";

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

describe("an agent that is given no work", () => {
  it.each([
    ["draining", { draining: true }],
    ["incompatible", { version: "9.0.0" }],
    ["incompatible", { version: "" }],
    ["refusing", { refusal: "CONTROLLER_OUTDATED: the controller forgot a revocation" }],
  ])("is %s when its hello says %j", async (health, facts) => {
    const agent = scriptedAgent(bench, "a1", "c1");
    await agent.hello(facts).catch((caught: unknown) => {
      expect(caught).toMatchObject({ code: "VERSION_UNSUPPORTED" });
    });
    expect(bench.deps.agents.find("a1")?.health).toBe(health);
    const session = await bench.begin("s1", ["one"]);
    await until(async () => {
      const [task] = await listTasksOfSession(bench.deps.database.queries, session);
      expect(task?.state).toBe("waiting");
    });
    expect((await agent.claim()).attempt).toBeUndefined();
  });

  it("was revoked: it is answered nothing more, and what it held goes to the next attempt", async () => {
    const [agent, other] = [scriptedAgent(bench, "a1", "c1"), scriptedAgent(bench, "a2", "c1")];
    await bench.deps.identity.members.keep(memberOf("a1"));
    await agent.hello();
    await bench.begin("s1", ["one"]);
    const first = await claimed(agent);
    await ready(agent, first.attemptId);
    const revoked = memberOf("a1", { revokedMs: 5 });
    await bench.deps.identity.members.keep(revoked);
    await loseAttemptsOf(bench.deps, revoked);
    for (const ask of [agent.hello, () => agent.orders(first.attemptId), () => agent.openDisk(first.attemptId)])
      await expect(ask()).rejects.toMatchObject({ code: "IDENTITY_REVOKED" });
    expect(bench.deps.agents.find("a1")?.health).toBe("revoked");
    await other.hello();
    expect(await claimed(other)).toMatchObject({ taskId: first.taskId, number: 2 });
  });
});

describe("a member's name and place", () => {
  it("are those of its membership, whatever its hello says, and of its hello where that says nothing", async () => {
    await bench.deps.identity.members.keep(memberOf("a1", { managerName: "prod", clusterName: "c2", name: "fixed" }));
    await bench.deps.identity.members.keep(memberOf("a2"));
    await scriptedAgent(bench, "a1", "c1").hello({ name: "said" });
    await scriptedAgent(bench, "a2", "c1").hello({ name: "said" });
    expect(bench.deps.agents.find("a1")).toMatchObject({ name: "fixed", managerName: "prod", clusterName: "c2" });
    expect(bench.deps.agents.find("a2")).toMatchObject({ managerName: "one", clusterName: "c1" });
  });

  it("are what its wake-ups go to, also when the manager is called otherwise by now", async () => {
    await bench.deps.identity.members.keep(memberOf("a1", { managerName: "former name", clusterName: "c1" }));
    await scriptedAgent(bench, "a1", "c1").hello();
    await using own = await bench.agentBus.subscribe(wakeSubject("former name", "c1"));
    await using present = await bench.agentBus.subscribe(wakeSubject("one", "c1"));
    const managerId = bench.deps.agents.find("a1")?.managerId ?? "";
    bench.deps.bell.cluster(managerId, "c1");
    for (const heard of [own, present]) expect((await heard[Symbol.asyncIterator]().next()).done).toBe(false);
  });
});

describe("a silent agent", () => {
  it("loses its attempt after the time-out and not before (A4)", async () => {
    await bench[Symbol.asyncDispose]();
    bench = await openTestBench(300, { home });
    const agent = scriptedAgent(bench, "a1", "c1");
    await agent.hello();
    await bench.begin("s1", ["one"]);
    const attempt = await claimed(agent);
    await ready(agent, attempt.attemptId);
    await giveUpSilentAttempts(bench.deps);
    expect(await stateOf(bench, attempt.taskId)).toBe("running");
    await until(async () => {
      await giveUpSilentAttempts(bench.deps);
      expect((await listAttempts(bench.deps.database.queries, attempt.taskId))[0]?.state).toBe("lost");
    });
    expect((await agent.beat(attempt)).ended).toMatchObject([{ code: "AGENT_LOST" }]);
  });
});
