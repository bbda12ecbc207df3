import { describe, expect, it } from "vitest";
import { findSession, listSessions } from "../database/sessions-table.ts";
import { eachWorkerBench } from "../testing/each-worker-bench.ts";
import { beginTest, endTest, judgeTest } from "./worker-test.ts";

const on = eachWorkerBench();

const begin = () => beginTest(on.bench.deps, on.bench.worker(), "UTC");
const running = async () => {
  const sessions = await listSessions(on.bench.deps.database.queries, { limit: 10 });
  return sessions.filter(({ state }) => state !== "ended").map(({ sessionId }) => sessionId);
};

describe("the test of a worker", () => {
  it("is one, however many ask for it at once", async () => {
    await on.bench.add();
    const ids = await Promise.all(Array.from({ length: 5 }, begin));
    expect(new Set(ids).size).toBe(1);
    expect(await running()).toEqual([ids[0]]);
    expect(on.bench.worker().test).toEqual({ sessionId: ids[0], verdict: "open", reason: "" });
  });

  it("follows one that was judged, whose session ends for it, also when several ask", async () => {
    const worker = await on.bench.add();
    const former = await begin();
    await judgeTest(on.bench.deps, on.bench.worker(), { verdict: "passed", reason: "fine" });
    const ids = await Promise.all([beginTest(on.bench.deps, worker, "UTC"), begin(), begin()]);
    expect(new Set(ids).size).toBe(1);
    expect(ids).not.toContain(former);
    expect(await running()).toEqual([ids[0]]);
    expect(await findSession(on.bench.deps.database.queries, former)).toMatchObject({ result: "success" });
  });

  it("is not ended, nor judged, by a step that looked at the one before it", async () => {
    await on.bench.add();
    await begin();
    const open = on.bench.worker();
    const judged = await judgeTest(on.bench.deps, open, { verdict: "failed", reason: "broken" });
    const next = await begin();
    await endTest(on.bench.deps, judged);
    await judgeTest(on.bench.deps, open, { verdict: "failed", reason: "broken" });
    expect(on.bench.worker().test).toEqual({ sessionId: next, verdict: "open", reason: "" });
    expect(await running()).toEqual([next]);
  });

  it("is not begun for a worker that is being removed, whatever the asker had read", async () => {
    const worker = await on.bench.add();
    await on.bench.deps.roster.change(worker, { removing: true });
    await expect(beginTest(on.bench.deps, worker, "UTC")).rejects.toMatchObject({ code: "FAILED_PRECONDITION" });
    expect(await running()).toEqual([]);
  });
});
