import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { describe, expect, it, vi } from "vitest";
import { eachWorkerBench } from "../testing/each-worker-bench.ts";
import { testVm } from "../testing/scripted-engine.ts";
import { beginTest } from "./worker-test.ts";

const on = eachWorkerBench();
const { begin, until, unhealthy, need, needNot, placed } = on;

/** A VM of somebody else's. */
const foreignShape = {
  shape: { name: "w-one", comment: "", cpus: 1, memoryBytes: 1, hostIds: [] },
  templateId: undefined,
  nics: [],
  setups: [],
};

describe("a worker", () => {
  it("is made when it is first needed, works, is suspended when nothing needs it, and resumed for the next work", async () => {
    await on.bench.add();
    begin();
    expect(on.bench.room.vms.size).toBe(0);
    need();
    await until("up");
    expect(on.bench.room.only().vm.description).toBe("holdfast/inst/worker/worker000001");
    needNot();
    await until("suspended");
    need();
    await until("up");
    expect(on.bench.room.calls).toEqual(["create w-one", "boot", "booted", "suspend", "resume", "resumeed"]);
    expect(on.bench.issued).toEqual(["issue wworker000001"]);
  });

  it("is shut down by its policy, and started with a fresh join token", async () => {
    await on.bench.add({ idlePolicy: "shutdown" });
    begin();
    need();
    await until("up");
    needNot();
    await until("down");
    need();
    await until("up");
    expect(on.bench.room.only().setups.map(({ userData }) => /hfj1\.[a-z0-9-]+/.exec(userData)?.[0])).toEqual([
      "hfj1.token-1",
      "hfj1.token-2",
    ]);
  });

  it("leaves no join token behind, in logs, rows or sessions (R12)", async () => {
    const worker = await on.bench.add();
    begin();
    need();
    await beginTest(on.bench.deps, worker, "UTC");
    await until("up");
    on.bench.room.refuseStart = new HoldfastError("ENGINE_FAULT", "not now");
    on.bench.room.set(on.bench.room.only().vm.id, "down");
    await unhealthy();
    const { queries } = on.bench.deps.database;
    const rows = [];
    for (const table of ["workers", "sessions", "agents", "settings"] as const)
      rows.push(...(await queries.selectFrom(table).selectAll().execute()));
    expect(rows.length).toBeGreaterThan(2);
    expect(on.bench.issued.length).toBeGreaterThan(1);
    expect(JSON.stringify([rows, on.bench.log.lines])).not.toContain("hfj1");
  });

  it("is asked to go down at once, and not again while the engine thinks about it", async () => {
    await on.reopen({ askAgainMs: 3_600_000 });
    await on.bench.add();
    begin();
    need();
    await until("up");
    let asked = 0;
    using slow = on.bench.room.override({ suspendVm: async () => void (asked += 1) });
    needNot();
    await vi.waitFor(() => expect(asked).toBe(1), { timeout: 10_000, interval: 5 });
    const { calls } = on.bench.room;
    const looks = vi.fn(on.bench.room.hypervisor.getVm.bind(on.bench.room.hypervisor));
    using watched = on.bench.room.override({ getVm: looks });
    await vi.waitFor(() => expect(looks.mock.calls.length).toBeGreaterThan(3), { timeout: 10_000, interval: 5 });
    expect([asked, calls.at(-1)]).toEqual([1, "booted"]);
    void [slow, watched];
    on.bench.room.set(on.bench.room.only().vm.id, "suspended");
    await until("suspended");
  });

  it("is not asked to go down again at once when the engine refuses", async () => {
    await on.reopen({ askAgainMs: 3_600_000 });
    await on.bench.add({ idlePolicy: "shutdown" });
    begin();
    need();
    await until("up");
    const { hypervisor } = on.bench.room;
    let asked = 0;
    const looks = vi.fn(hypervisor.getVm.bind(hypervisor));
    const shutDownVm = (): Promise<void> => {
      asked += 1;
      return Promise.reject(new HoldfastError("ENGINE_CONFLICT", "the vm is migrating"));
    };
    using busy = on.bench.room.override({ shutDownVm, getVm: looks });
    void busy;
    needNot();
    await vi.waitFor(() => expect(asked).toBe(1), { timeout: 10_000, interval: 5 });
    looks.mockClear();
    await vi.waitFor(() => expect(looks.mock.calls.length).toBeGreaterThan(3), { timeout: 10_000, interval: 5 });
    expect(asked).toBe(1);
  });

  it("loses its power when the guest takes no notice of a shutdown", async () => {
    await on.reopen({ fallPatienceMs: 20 });
    on.bench.room.ignoresShutdown = true;
    await on.bench.add({ idlePolicy: "shutdown" });
    begin();
    need();
    await until("up");
    needNot();
    await until("down");
    expect(on.bench.room.calls).toContain("power off");
  });

  it("is found again by its mark after a restart in the middle of its making, and not made twice", async () => {
    const worker = await on.bench.add({}, { state: "making" });
    await on.bench.room.hypervisor.createMachine(
      {
        name: "w-one",
        description: "holdfast/inst/worker/worker000001",
        clusterId: "c1",
        comment: "",
        cpus: 1,
        memoryBytes: 1,
        hostIds: [],
        templateId: "t1",
        storageDomainId: undefined,
        correlationId: "c",
      },
      AbortSignal.timeout(1_000),
    );
    on.bench.needed.add(worker.workerId);
    begin();
    await until("up");
    expect(on.bench.room.calls.filter((call) => call.startsWith("create"))).toEqual(["create w-one"]);
    expect(on.bench.room.vms.size).toBe(1);
  });

  it.each(["making", "down", "starting", "enrolling", "suspending", "shutting-down", "stopping", "suspended"] as const)(
    "that was %s when the controller stopped, without a VM by now, comes up when it is needed",
    async (state) => {
      const worker = await on.bench.add({}, { state, vmId: "lost", generation: 1 });
      on.bench.needed.add(worker.workerId);
      begin();
      await until("up");
      expect(on.bench.room.vms.size).toBe(1);
    },
  );

  it("that somebody deleted is made again, and the identity of its former VM is ended", async () => {
    await on.bench.add();
    begin();
    need();
    await until("up");
    on.bench.room.vms.clear();
    await vi.waitFor(() => expect(on.bench.issued).toContain("revoke wworker000001"), { timeout: 10_000 });
    await until("up");
    expect(on.bench.issued).toEqual(["issue wworker000001", "revoke wworker000001", "issue wworker000001"]);
    expect(on.bench.worker().generation).toBe(2);
  });

  it("that somebody stopped in the middle of its work rises again", async () => {
    await on.bench.add();
    begin();
    need();
    await until("up");
    on.bench.room.set(on.bench.room.only().vm.id, "down");
    await vi.waitFor(() => expect(on.bench.room.calls.filter((call) => call === "boot")).toHaveLength(2));
    await until("up");
  });

  it("rises again when it is needed while it goes down", async () => {
    await on.bench.add({}, {});
    begin();
    need();
    await until("up");
    const saving = (vmId: string): Promise<void> => Promise.resolve(on.bench.room.set(vmId, "saving_state"));
    using slow = on.bench.room.override({ suspendVm: saving });
    void slow;
    needNot();
    await until("suspending");
    need();
    expect(placed()).toMatchObject({ state: "falling" });
    on.bench.room.set(on.bench.room.only().vm.id, "suspended");
    await until("up");
    expect(on.bench.room.calls.at(-1)).toBe("resumeed");
  });

  it("stays away from a VM of its name that is not ours, and says so", async () => {
    on.bench.room.vms.set("v", { ...foreignShape, vm: testVm("w-one", "c1", { id: "v" }) });
    await on.bench.add();
    begin();
    need();
    await unhealthy();
    expect(on.bench.worker().unhealthyReason).toContain("WORKER_VM_FOREIGN");
    expect(on.bench.room.only().vm).toMatchObject({ id: "v", description: "", status: "up" });
    expect(placed()).toMatchObject({ unhealthyReason: expect.stringContaining("not ours") });
  });
});
