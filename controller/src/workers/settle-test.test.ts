import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { productVersion } from "@holdfast/shared/version/product-version";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { insertAttempt } from "../database/attempts-table.ts";
import { changeSession, findSession, insertSession } from "../database/sessions-table.ts";
import { insertTask } from "../database/tasks-table.ts";
import { agentIdOfWorker } from "../placement/placed-agent.ts";
import { eachWorkerBench } from "../testing/each-worker-bench.ts";
import { testAttempt, testSession, testTask } from "../testing/test-rows.ts";
import { beginTest } from "./worker-test.ts";

const on = eachWorkerBench();
const { begin, until, need, needNot, placed } = on;

describe("the test of a worker", () => {
  const over = async (sessionId: string) => {
    await vi.waitFor(
      async () => expect((await findSession(on.bench.deps.database.queries, sessionId))?.state).toBe("ended"),
      { timeout: 10_000 },
    );
    return findSession(on.bench.deps.database.queries, sessionId);
  };

  it("launches it, notes each step in its session, and puts it down again", async () => {
    const worker = await on.bench.add(
      { idleDelayMs: 3_600_000 },
      { enabled: false, unhealthyReason: "it was broken", unhealthyMs: on.bench.deps.clock.nowMs() },
    );
    begin();
    const sessionId = await beginTest(on.bench.deps, worker, "UTC");
    const session = await over(sessionId);
    expect(session).toMatchObject({ kind: "worker-test", jobName: "worker w-one", result: "success" });
    expect(session?.remarks.map(({ message }) => message.split(":")[0])).toEqual([
      "absent → making",
      "making → down",
      "down → starting",
      "starting → enrolling",
      "enrolling → up",
      expect.stringContaining(`agent w-one (version ${productVersion}) has enrolled`),
      "up → suspending",
      "suspending → suspended",
    ]);
    expect(on.bench.worker()).toMatchObject({ state: "suspended", unhealthyReason: "", test: null });
  });

  it("that fails powers it off, and leaves it unhealthy with the reason", async () => {
    on.bench.room.onRun = () => undefined;
    const worker = await on.bench.add({ launchTimeoutMs: 30 });
    begin();
    const session = await over(await beginTest(on.bench.deps, worker, "UTC"));
    expect(session?.result).toBe("failed");
    expect(session?.remarks).toContainEqual({
      level: "error",
      code: "WORKER_TEST",
      message: "its agent did not say hello in time, the VM is up",
      diskId: "",
    });
    expect(on.bench.worker()).toMatchObject({ state: "down", test: null });
    expect(on.bench.worker().unhealthyReason).toContain("did not say hello");
    expect(on.bench.room.only().vm.status).toBe("down");
  });

  it("leaves a worker up that work needs", async () => {
    const worker = await on.bench.add();
    begin();
    need();
    await until("up");
    expect((await over(await beginTest(on.bench.deps, worker, "UTC")))?.result).toBe("success");
    expect(on.bench.worker().state).toBe("up");
  });

  describe("that fails since a repository is not reached", () => {
    beforeEach(() => {
      const unreached = { kind: "connection", subject: "repository main", state: "error", message: "no answer" };
      on.bench.examination = [{ role: "agent", name: "w-one", ...unreached }];
    });
    const failsUp = async () => {
      const worker = await on.bench.add();
      begin();
      need();
      await until("up");
      const session = await over(await beginTest(on.bench.deps, worker, "UTC"));
      expect(session?.result).toBe("failed");
      expect(on.bench.worker().unhealthyReason).toContain("repository main: no answer");
    };

    it("leaves a busy worker its work: it gets no other, and goes down when that is done", async () => {
      const { queries } = on.bench.deps.database;
      await insertSession(queries, testSession());
      await insertTask(queries, testTask({ state: "running" }));
      const attempt = testAttempt({ agentId: agentIdOfWorker("worker000001") });
      await insertAttempt(queries, attempt);
      await failsUp();
      expect(on.bench.worker()).toMatchObject({ state: "up", test: null });
      expect(placed()).toMatchObject({ state: "up", unhealthyReason: expect.stringContaining("repository main") });
      expect(on.bench.room.only().vm.status).toBe("up");
      needNot();
      await until("suspended");
      expect(on.bench.room.calls).not.toContain("power off");
    });

    it("powers off one that has no work, whatever waits for it", async () => {
      await failsUp();
      await until("down");
      expect(on.bench.room.calls).toContain("power off");
    });
  });

  it("fails, and ends, when the manager refuses our credentials: nothing more can be learnt", async () => {
    on.bench.room.away = new HoldfastError("ENGINE_CREDENTIALS_REFUSED", "the engine refuses the password");
    const worker = await on.bench.add();
    begin();
    const session = await over(await beginTest(on.bench.deps, worker, "UTC"));
    const reason = "ENGINE_CREDENTIALS_REFUSED: the engine refuses the password";
    expect(session?.result).toBe("failed");
    expect(session?.remarks).toContainEqual({ level: "error", code: "WORKER_TEST", message: reason, diskId: "" });
    expect(on.bench.worker()).toMatchObject({ state: "absent", test: null, unhealthyReason: reason });
  });

  it("is cancelled also while the manager refuses our credentials", async () => {
    const { deps } = on.bench;
    await deps.managers.list()[0]?.note(new HoldfastError("ENGINE_CREDENTIALS_REFUSED", "refused"));
    const worker = await on.bench.add({}, { state: "stopping", vmId: "v1" });
    const cancelled = await beginTest(deps, worker, "UTC");
    await changeSession(deps.database.queries, cancelled, { wish: "cancel" });
    begin();
    expect(await over(cancelled)).toMatchObject({ result: "cancelled" });
    expect(on.bench.worker()).toMatchObject({ test: null, unhealthyReason: "" });
  });
});
