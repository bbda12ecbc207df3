import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { describe, expect, it, vi } from "vitest";
import { eachWorkerBench } from "../testing/each-worker-bench.ts";

const on = eachWorkerBench();
const { begin, until, unhealthy, need, placed } = on;

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
