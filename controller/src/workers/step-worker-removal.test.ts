import { describe, expect, it, vi } from "vitest";
import { eachWorkerBench } from "../testing/each-worker-bench.ts";
import { testVm } from "../testing/scripted-engine.ts";

const on = eachWorkerBench();
const { begin, until, need, needNot } = on;

/** A VM of somebody else's. */
const foreignShape = {
  shape: { name: "w-one", comment: "", cpus: 1, memoryBytes: 1, hostIds: [] },
  templateId: undefined,
  nics: [],
  setups: [],
};

describe("removing a worker", () => {
  it("deletes its VM, ends its identity, forgets its agent, and then itself", async () => {
    await on.bench.add();
    begin();
    need();
    await until("up");
    needNot();
    await on.bench.deps.roster.change(on.bench.worker(), { removing: true });
    await vi.waitFor(() => expect(on.bench.deps.roster.list()).toEqual([]), { timeout: 10_000 });
    expect(on.bench.room.vms.size).toBe(0);
    expect(on.bench.issued.at(-1)).toBe("revoke wworker000001");
    expect(on.bench.deps.agents.list()).toEqual([]);
  });

  it("leaves a VM of its name alone that is not ours", async () => {
    on.bench.room.vms.set("v", { ...foreignShape, vm: testVm("w-one", "c1", { id: "v" }) });
    await on.bench.add({}, { removing: true });
    begin();
    await vi.waitFor(() => expect(on.bench.deps.roster.list()).toEqual([]), { timeout: 10_000 });
    expect(on.bench.room.only().vm.id).toBe("v");
  });
});
