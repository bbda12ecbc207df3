import { once } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { eachWorkerBench } from "../testing/each-worker-bench.ts";
import { testVm } from "../testing/scripted-engine.ts";

const on = eachWorkerBench();
const { begin, interrupt, until, need, needNot } = on;

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

  it("waits for the VM that the engine was just asked for, though nobody waits for the answer", async () => {
    await on.reopen({ lateMs: 1_500 });
    await on.bench.add();
    const { room, deps } = on.bench;
    const made = room.hypervisor.createMachine.bind(room.hypervisor);
    const looked = vi.fn(room.hypervisor.findVms.bind(room.hypervisor));
    let comeLate: (() => Promise<string>) | undefined;
    using slow = room.override({
      findVms: looked,
      createMachine: async (request, signal) => {
        comeLate = () => made(request, AbortSignal.timeout(5_000));
        await once(signal, "abort");
        throw signal.reason;
      },
    });
    void slow;
    begin();
    need();
    await vi.waitFor(() => expect(comeLate).toBeDefined(), { timeout: 10_000, interval: 5 });
    needNot();
    await deps.roster.change(on.bench.worker(), { removing: true });
    looked.mockClear();
    interrupt();
    await vi.waitFor(() => expect(looked.mock.results[0]?.type).toBe("return"), { timeout: 10_000, interval: 1 });
    await comeLate?.();
    await vi.waitFor(() => expect(deps.roster.list()).toEqual([]), { timeout: 10_000 });
    expect(room.vms.size).toBe(0);
  });

  it("is looked for a while also after a restart in the middle of its making", async () => {
    await on.reopen({ lateMs: 1_500 });
    const worker = await on.bench.add({}, { state: "making", removing: true });
    const { room, deps } = on.bench;
    const looked = vi.fn(room.hypervisor.findVms.bind(room.hypervisor));
    using watched = room.override({ findVms: looked });
    void watched;
    begin();
    await vi.waitFor(() => expect(looked.mock.calls.length).toBeGreaterThan(1), { timeout: 10_000, interval: 1 });
    const vm = testVm("w-one", "c1", {
      id: "v",
      status: "down",
      description: `holdfast/inst/worker/${worker.workerId}`,
    });
    room.vms.set("v", { ...foreignShape, vm });
    await vi.waitFor(() => expect(deps.roster.list()).toEqual([]), { timeout: 10_000 });
    expect(room.vms.size).toBe(0);
  });

  it("leaves a VM of its name alone that is not ours", async () => {
    on.bench.room.vms.set("v", { ...foreignShape, vm: testVm("w-one", "c1", { id: "v" }) });
    await on.bench.add({}, { removing: true });
    begin();
    await vi.waitFor(() => expect(on.bench.deps.roster.list()).toEqual([]), { timeout: 10_000 });
    expect(on.bench.room.only().vm.id).toBe("v");
  });
});
