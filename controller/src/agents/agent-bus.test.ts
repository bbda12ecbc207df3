import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type Attempt,
  type AttemptFailureSchema,
  ClaimRequestSchema,
  ClaimResponseSchema,
  HeartbeatRequestSchema,
  HeartbeatResponseSchema,
  HelloRequestSchema,
  HelloResponseSchema,
  OpenDiskRequestSchema,
  OpenDiskResponseSchema,
  OrdersRequestSchema,
  OrdersResponseSchema,
  ReportRequestSchema,
  ReportResponseSchema,
} from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import { agentSubject, wakeSubject } from "@holdfast/shared/bus/subjects";
import { busRequest } from "@holdfast/shared/bus/typed";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { productVersion } from "@holdfast/shared/version/product-version";
import { afterAll, beforeAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { listAttempts } from "../database/attempts-table.ts";
import { findSession } from "../database/sessions-table.ts";
import { findTask, listTasksOfSession } from "../database/tasks-table.ts";
import type { Member } from "../identity/member.ts";
import { wishFor } from "../sessions/wish.ts";
import { type TestBench, openTestBench } from "../testing/open-test-bench.ts";
import { openTestInstallation, type TestInstallationFolder } from "../testing/open-test-installation.ts";
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

const limits = { timeoutMs: 5_000 };
const until = <T>(look: () => Promise<T>): Promise<T> => vi.waitFor(look, { timeout: 8_000, interval: 15 });

/** An agent that does nothing but ask. */
const scriptedAgent = (agentId: string, cluster: string, incarnation = "life1") => ({
  hello: (facts: MessageInitShape<typeof HelloRequestSchema> = {}) =>
    busRequest(
      bench.agentBus,
      { subject: agentSubject(agentId, "hello"), request: HelloRequestSchema, response: HelloResponseSchema },
      {
        v: 1,
        agentId,
        name: agentId,
        version: productVersion,
        incarnation,
        managerName: "one",
        clusterName: cluster,
        slots: 2,
        reachableHosts: ["*"],
        ...facts,
      },
      limits,
    ),
  claim: () =>
    busRequest(
      bench.agentBus,
      { subject: agentSubject(agentId, "claim"), request: ClaimRequestSchema, response: ClaimResponseSchema },
      { v: 1, agentId, incarnation, freeSlots: 2 },
      limits,
    ),
  orders: (attemptId: string) =>
    busRequest(
      bench.agentBus,
      { subject: agentSubject(agentId, "orders"), request: OrdersRequestSchema, response: OrdersResponseSchema },
      { v: 1, agentId, attemptId },
      limits,
    ),
  beat: (attempt: { taskId: string; number: number; attemptId: string }) =>
    busRequest(
      bench.agentBus,
      {
        subject: agentSubject(agentId, "heartbeat"),
        request: HeartbeatRequestSchema,
        response: HeartbeatResponseSchema,
      },
      {
        v: 1,
        agentId,
        incarnation,
        attempts: [{ attemptId: attempt.attemptId, taskId: attempt.taskId, number: attempt.number, phase: "reading" }],
      },
      limits,
    ),
  openDisk: (attemptId: string, loanId = "") =>
    busRequest(
      bench.agentBus,
      { subject: agentSubject(agentId, "open-disk"), request: OpenDiskRequestSchema, response: OpenDiskResponseSchema },
      { v: 1, agentId, attemptId, diskId: "d", loanId },
      limits,
    ),
  succeed: (attemptId: string) =>
    busRequest(
      bench.agentBus,
      { subject: agentSubject(agentId, "report"), request: ReportRequestSchema, response: ReportResponseSchema },
      { v: 1, agentId, attemptId, outcome: { case: "succeeded", value: "point" } },
      limits,
    ),
  fail: (attemptId: string, retryable: boolean, said: MessageInitShape<typeof AttemptFailureSchema> = {}) =>
    busRequest(
      bench.agentBus,
      { subject: agentSubject(agentId, "report"), request: ReportRequestSchema, response: ReportResponseSchema },
      {
        v: 1,
        agentId,
        attemptId,
        outcome: { case: "failed", value: { code: "DISK_READ_FAILED", message: "broken", retryable, ...said } },
      },
      limits,
    ),
});

type Scripted = ReturnType<typeof scriptedAgent>;

const claimed = (agent: Scripted): Promise<Attempt> =>
  until(async () => {
    const { attempt } = await agent.claim();
    if (attempt === undefined) throw new Error("nothing to claim yet");
    return attempt;
  });
const stateOf = async (taskId: string): Promise<string | undefined> =>
  (await findTask(bench.deps.database.queries, taskId))?.state;
const reaches = (taskId: string, state: string): Promise<void> =>
  until(async () => {
    expect(await stateOf(taskId)).toBe(state);
  });
const ready = (agent: Scripted, attemptId: string): Promise<void> =>
  until(async () => {
    expect((await agent.orders(attemptId)).orders.case).toBe("backup");
  });

describe("an agent on the bus", () => {
  it("says hello, claims, is given orders, reports, and the fence makes it a success", async () => {
    const agent = scriptedAgent("a1", "c1");
    expect(await agent.hello()).toMatchObject({ installationId: "inst", clusterId: "c1", heartbeatIntervalMs: 100 });
    await bench.begin("s1", ["one"]);
    const attempt = await claimed(agent);
    expect(attempt).toMatchObject({
      number: 1,
      sessionId: "s1",
      vmName: "one",
      correlationId: `hf_${attempt.taskId}_1`,
    });
    await ready(agent, attempt.attemptId);
    expect((await agent.beat(attempt)).ended).toStrictEqual([]);
    bench.work.fence = "committed";
    await agent.succeed(attempt.attemptId);
    await reaches(attempt.taskId, "succeeded");
    await until(async () => {
      expect(await findSession(bench.deps.database.queries, "s1")).toMatchObject({ state: "ended", result: "success" });
    });
    expect((await agent.beat(attempt)).ended).toMatchObject([{ attemptId: attempt.attemptId }]);
  });

  it("is given the attempt again whose answer was lost, and not once it has named it (A1)", async () => {
    const agent = scriptedAgent("a1", "c1");
    await agent.hello();
    await bench.begin("s1", ["one"]);
    const attempt = await claimed(agent);
    expect((await agent.claim()).attempt?.attemptId).toBe(attempt.attemptId);
    await agent.beat(attempt);
    expect((await agent.claim()).attempt).toBeUndefined();
  });

  it("is allotted one attempt by claims that come at once, and the task moves once (A1)", async () => {
    const agent = scriptedAgent("a1", "c1");
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
      scriptedAgent("own", "c1"),
      scriptedAgent("other", "c2"),
      scriptedAgent("stranger", "c1"),
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
      limits,
    );
    await expect(asked).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("gets no ticket of an attempt that it does not hold, nor by a loan that was not named to it (A11)", async () => {
    const [agent, thief] = [scriptedAgent("a1", "c1"), scriptedAgent("thief", "c1")];
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
    const agent = scriptedAgent("a1", "c1");
    await agent.hello();
    await bench.begin("s1", ["one"]);
    const first = await claimed(agent);
    await ready(agent, first.attemptId);
    const reborn = scriptedAgent("a1", "c1", "life2");
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
    const agent = scriptedAgent("a1", "c1");
    await agent.hello();
    const unknown = { taskId: "gone", number: 4, attemptId: "z9" };
    expect((await agent.beat(unknown)).ended).toMatchObject([{ attemptId: "z9", code: "ATTEMPT_UNKNOWN" }]);
    const rows = await bench.deps.database.queries.selectFrom("unknown_attempts").selectAll().execute();
    expect(rows).toMatchObject([{ task_id: "gone", number: 4 }]);
  });
});

describe("a task", () => {
  it("is tried three times at most, and fails with the last error (A10)", async () => {
    const agent = scriptedAgent("a1", "c1");
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
    await reaches(taskId, "failed");
    const task = await findTask(bench.deps.database.queries, taskId);
    expect(task?.result).toBe("failed");
    expect(task?.remarks.at(-1)).toMatchObject({ level: "error", code: "DISK_READ_FAILED", message: "broken" });
  });

  it("goes on above the highest attempt that its repository named (A9)", async () => {
    const agent = scriptedAgent("a1", "c1");
    await agent.hello();
    await bench.begin("s1", ["one"]);
    const first = await claimed(agent);
    await ready(agent, first.attemptId);
    await agent.fail(first.attemptId, false, { code: "ATTEMPT_FENCED", highestAttempt: 41 });
    expect(await claimed(agent)).toMatchObject({ taskId: first.taskId, number: 42 });
  });

  it("is not tried again after a failure that will not mend, nor when its engine cannot be made ready for such", async () => {
    const agent = scriptedAgent("a1", "c1");
    await agent.hello();
    bench.work.prepareError = new HoldfastError("ENGINE_FAULT", "no");
    await bench.begin("s1", ["one"]);
    const attempt = await claimed(agent);
    await reaches(attempt.taskId, "failed");
    expect((await agent.orders(attempt.attemptId)).orders).toStrictEqual({ case: "ended", value: "ENGINE_FAULT" });
  });

  it("is tried again when its agent heard from a repository that it was revoked, and said so first", async () => {
    const [agent, other] = [scriptedAgent("a1", "c1"), scriptedAgent("a2", "c1")];
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
    const agent = scriptedAgent("a1", "c1");
    await agent.hello();
    await bench.begin("s1", ["one"]);
    const attempt = await claimed(agent);
    await ready(agent, attempt.attemptId);
    bench.work.fence = "silent";
    await agent.succeed(attempt.attemptId);
    await until(async () => {
      expect(bench.work.settled).toStrictEqual(["uncertain"]);
    });
    expect(await stateOf(attempt.taskId)).toBe("uncertain");
    await bench.begin("s2", ["one"]);
    expect((await agent.claim()).attempt).toBeUndefined();
    bench.work.fence = "committed";
    await reaches(attempt.taskId, "succeeded");
    expect(bench.work.settled).toStrictEqual(["uncertain", "committed"]);
    expect((await claimed(agent)).sessionId).toBe("s2");
  });

  it("waits while another session's task works on its VM, and then goes on", async () => {
    const agent = scriptedAgent("a1", "c1");
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
    const agent = scriptedAgent("a1", "c1");
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
    const agent = scriptedAgent("a1", "c1");
    await agent.hello();
    await bench.begin("s1", ["one"]);
    const attempt = await claimed(agent);
    await ready(agent, attempt.attemptId);
    bench.work.fence = "committed";
    await wishFor(bench.deps, "s1", "cancel");
    await reaches(attempt.taskId, "succeeded");
    expect(await findTask(bench.deps.database.queries, attempt.taskId)).toMatchObject({ pointId: attempt.taskId });
  });

  it("under way is finished in a stopped session, and no other is started", async () => {
    const agent = scriptedAgent("a1", "c1");
    await agent.hello();
    const session = await bench.begin("s1", ["one", "two"]);
    const attempt = await claimed(agent);
    await ready(agent, attempt.attemptId);
    await wishFor(bench.deps, "s1", "stop");
    bench.work.fence = "committed";
    await agent.succeed(attempt.attemptId);
    await reaches(attempt.taskId, "succeeded");
    await until(async () => {
      const states = (await listTasksOfSession(bench.deps.database.queries, session)).map(({ state }) => state);
      expect(states.sort()).toStrictEqual(["cancelled", "succeeded"]);
    });
  });
});

const memberOf = (id: string, facts: Partial<Member> = {}): Member => ({
  role: "agent",
  id,
  name: id,
  keyId: `key-${id}`,
  busPublicKey: "",
  managerName: "",
  clusterName: "",
  workerId: "",
  joinedMs: 1,
  issuedMs: 1,
  expiresMs: 2,
  revokedMs: null,
  ...facts,
});

describe("an agent that is given no work", () => {
  it.each([
    ["draining", { draining: true }],
    ["incompatible", { version: "9.0.0" }],
    ["incompatible", { version: "" }],
    ["refusing", { refusal: "CONTROLLER_OUTDATED: the controller forgot a revocation" }],
  ])("is %s when its hello says %j", async (health, facts) => {
    const agent = scriptedAgent("a1", "c1");
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
    const [agent, other] = [scriptedAgent("a1", "c1"), scriptedAgent("a2", "c1")];
    await bench.deps.identity.members.keep(memberOf("a1"));
    await agent.hello();
    await bench.begin("s1", ["one"]);
    const first = await claimed(agent);
    await ready(agent, first.attemptId);
    const revoked = memberOf("a1", { revokedMs: 5 });
    await bench.deps.identity.members.keep(revoked);
    await loseAttemptsOf(bench.deps, revoked);
    for (const asked of [agent.hello(), agent.orders(first.attemptId), agent.openDisk(first.attemptId)])
      await expect(asked).rejects.toMatchObject({ code: "IDENTITY_REVOKED" });
    expect(bench.deps.agents.find("a1")?.health).toBe("revoked");
    await other.hello();
    expect(await claimed(other)).toMatchObject({ taskId: first.taskId, number: 2 });
  });
});

describe("a member's name and place", () => {
  it("are those of its membership, whatever its hello says, and of its hello where that says nothing", async () => {
    await bench.deps.identity.members.keep(memberOf("a1", { managerName: "prod", clusterName: "c2", name: "fixed" }));
    await bench.deps.identity.members.keep(memberOf("a2"));
    await scriptedAgent("a1", "c1").hello({ name: "said" });
    await scriptedAgent("a2", "c1").hello({ name: "said" });
    expect(bench.deps.agents.find("a1")).toMatchObject({ name: "fixed", managerName: "prod", clusterName: "c2" });
    expect(bench.deps.agents.find("a2")).toMatchObject({ managerName: "one", clusterName: "c1" });
  });

  it("are what its wake-ups go to, also when the manager is called otherwise by now", async () => {
    await bench.deps.identity.members.keep(memberOf("a1", { managerName: "former name", clusterName: "c1" }));
    await scriptedAgent("a1", "c1").hello();
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
    const agent = scriptedAgent("a1", "c1");
    await agent.hello();
    await bench.begin("s1", ["one"]);
    const attempt = await claimed(agent);
    await ready(agent, attempt.attemptId);
    await giveUpSilentAttempts(bench.deps);
    expect(await stateOf(attempt.taskId)).toBe("running");
    await until(async () => {
      await giveUpSilentAttempts(bench.deps);
      expect((await listAttempts(bench.deps.database.queries, attempt.taskId))[0]?.state).toBe("lost");
    });
    expect((await agent.beat(attempt)).ended).toMatchObject([{ code: "AGENT_LOST" }]);
  });
});
