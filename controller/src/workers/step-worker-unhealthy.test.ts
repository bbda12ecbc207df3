import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { describe, expect, it, vi } from "vitest";
import { findSession } from "../database/sessions-table.ts";
import { eachWorkerBench } from "../testing/each-worker-bench.ts";
import { testVm } from "../testing/scripted-engine.ts";
import { beginTest } from "./worker-test.ts";

const on = eachWorkerBench();
const { begin, until, unhealthy, need, placed } = on;

const limit = { timeout: 10_000, interval: 5 };
const workerShape = { name: "w-one", comment: "", cpus: 1, memoryBytes: 1, hostIds: [] };

describe("an unhealthy worker", () => {
  it("has the engine's own words when the engine does not start it", async () => {
    on.bench.room.refuseStart = new HoldfastError("ENGINE_CONFLICT", "host h1 did not satisfy internal filter Memory");
    await on.bench.add();
    begin();
    need();
    await unhealthy();
    await until("down");
    expect(on.bench.worker().unhealthyReason).toBe("ENGINE_CONFLICT: host h1 did not satisfy internal filter Memory");
  });

  it("never enrolled in time: it is powered off and not tried again until an operator acts", async () => {
    on.bench.room.onRun = () => undefined;
    await on.bench.add({ launchTimeoutMs: 30 });
    begin();
    need();
    await unhealthy();
    await until("down");
    expect(on.bench.worker().unhealthyReason).toBe("its agent did not say hello in time, the VM is up");
    expect(on.bench.room.calls).toEqual(["create w-one", "boot", "booted", "power off"]);
    expect(placed()).toMatchObject({ state: "asleep", unhealthyReason: expect.stringContaining("hello") });
    on.bench.room.onRun = () => void on.bench.hello("worker000001");
    await on.bench.deps.roster.change(on.bench.worker(), { unhealthyReason: "" });
    await until("up");
  });

  it("has an agent that gets no work: it does not come up only to be passed, and is not launched again and again", async () => {
    on.bench.room.onRun = () => void on.bench.hello("worker000001", "999.0.0");
    await on.bench.add({ launchTimeoutMs: 30 });
    begin();
    need();
    await unhealthy();
    await until("down");
    expect(on.bench.worker().unhealthyReason).toBe("its agent is of a version that the controller does not work with");
    expect(on.bench.room.calls).toEqual(["create w-one", "boot", "booted", "power off"]);
    expect(placed()).toMatchObject({ unhealthyReason: expect.stringContaining("version") });
  });

  it("does not take the hello of an earlier launch for this one's", async () => {
    on.bench.room.onRun = () => undefined;
    await on.bench.add({ launchTimeoutMs: 30 });
    await on.bench.hello("worker000001");
    begin();
    need();
    await unhealthy();
    expect(on.bench.worker().unhealthyReason).toContain("did not say hello");
  });

  it("is one that the engine does not power off: its test ends, and it is powered off when that is possible", async () => {
    await on.reopen({ fallPatienceMs: 30 });
    const { room, deps } = on.bench;
    room.onRun = () => undefined;
    let asked = 0;
    using stuck = room.override({ powerOffVm: async () => void (asked += 1) });
    const worker = await on.bench.add({ launchTimeoutMs: 30 });
    const sessionId = await beginTest(deps, worker, "UTC");
    begin();
    const { queries } = deps.database;
    await vi.waitFor(async () => expect((await findSession(queries, sessionId))?.result).toBe("failed"), limit);
    const { state, unhealthyReason, doing } = on.bench.worker();
    const words = "the VM cannot be powered off, it is up";
    expect([state, unhealthyReason, doing]).toEqual(["stopping", words, words]);
    const before = asked;
    await vi.waitFor(() => expect(asked).toBeGreaterThan(before), limit);
    stuck[Symbol.dispose]();
    await until("down");
  });

  it("is one that has to be changed first and stays locked", async () => {
    await on.bench.add({ launchTimeoutMs: 30 }, { state: "down", vmId: "v", generation: 1, pending: "reshape" });
    const description = "holdfast/inst/worker/worker000001";
    const vm = testVm("w-one", "c1", { id: "v", description, status: "image_locked" });
    on.bench.room.vms.set("v", { vm, templateId: undefined, nics: [], setups: [], shape: workerShape });
    begin();
    need();
    await unhealthy();
    expect(on.bench.worker().unhealthyReason).toBe("the VM stays locked, it cannot be changed");
    expect(on.bench.worker().state).toBe("down");
  });

  it("is tried again by itself after its rest", async () => {
    await on.reopen({ unhealthyRestMs: 20 });
    await on.bench.add({}, { unhealthyReason: "it was broken", unhealthyMs: on.bench.deps.clock.nowMs() });
    begin();
    need();
    await until("up");
    expect(on.bench.worker().unhealthyReason).toBe("");
  });

  it("is not made unhealthy by an engine that does not answer", async () => {
    on.bench.room.away = new HoldfastError("ENGINE_UNREACHABLE", "no answer");
    await on.bench.add();
    begin();
    need();
    await vi.waitFor(() => expect(on.bench.worker().doing).toBe("no answer"), { timeout: 10_000 });
    expect(on.bench.worker()).toMatchObject({ state: "absent", unhealthyReason: "" });
    on.bench.room.away = null;
    await until("up");
  });

  it("is made unhealthy by an engine that does not answer for longer than a launch may take, so that work goes elsewhere", async () => {
    on.bench.room.away = new HoldfastError("ENGINE_UNREACHABLE", "no answer");
    await on.bench.add({ launchTimeoutMs: 20 });
    begin();
    need();
    await unhealthy();
    expect(on.bench.worker()).toMatchObject({ state: "absent", unhealthyReason: "ENGINE_UNREACHABLE: no answer" });
  });
});
