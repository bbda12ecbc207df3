import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { productVersion } from "@holdfast/shared/version/product-version";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { findSession } from "../database/sessions-table.ts";
import { testVm } from "../testing/scripted-engine.ts";
import { type WorkerBench, openWorkerBench } from "../testing/open-worker-bench.ts";
import { createWorkerDirectory } from "./worker-directory.ts";
import type { WorkerState } from "./worker-state.ts";
import { beginTest } from "./worker-test.ts";

let bench: WorkerBench;
let running: AsyncDisposable | undefined;
beforeEach(async () => {
  bench = await openWorkerBench();
});
afterEach(async () => {
  await running?.[Symbol.asyncDispose]();
  running = undefined;
  await bench[Symbol.asyncDispose]();
});

const begin = (): void => {
  running = bench.run();
};
const until = (state: WorkerState): Promise<void> =>
  vi.waitFor(() => expect(bench.worker().state).toBe(state), { timeout: 10_000, interval: 5 });
const need = (): void => void bench.needed.add(bench.worker().workerId);
const needNot = (): void => bench.needed.clear();
const unhealthy = (): Promise<void> =>
  vi.waitFor(() => expect(bench.worker().unhealthyReason).not.toBe(""), { timeout: 10_000, interval: 5 });
const placed = () => createWorkerDirectory({ ...bench.deps, settings: bench.deps.workerSettings }).placed()[0];

describe("a worker", () => {
  it("is made when it is first needed, works, is suspended when nothing needs it, and resumed for the next work", async () => {
    await bench.add();
    begin();
    expect(bench.room.vms.size).toBe(0);
    need();
    await until("up");
    expect(bench.room.only().vm.description).toBe("holdfast/inst/worker/worker000001");
    needNot();
    await until("suspended");
    need();
    await until("up");
    expect(bench.room.calls).toEqual(["create w-one", "boot", "booted", "suspend", "resume", "resumeed"]);
    expect(bench.issued).toEqual(["issue wworker000001"]);
  });

  it("is shut down by its policy, and started with a fresh join token", async () => {
    await bench.add({ idlePolicy: "shutdown" });
    begin();
    need();
    await until("up");
    needNot();
    await until("down");
    need();
    await until("up");
    expect(bench.room.only().setups.map(({ userData }) => /hfj1\.[a-z0-9-]+/.exec(userData)?.[0])).toEqual([
      "hfj1.token-1",
      "hfj1.token-2",
    ]);
  });

  it("leaves no join token behind, in logs, rows or sessions (R12)", async () => {
    const worker = await bench.add();
    begin();
    need();
    await beginTest(bench.deps, worker, "UTC");
    await until("up");
    bench.room.refuseStart = new HoldfastError("ENGINE_FAULT", "not now");
    bench.room.set(bench.room.only().vm.id, "down");
    await unhealthy();
    const { queries } = bench.deps.database;
    const rows = [];
    for (const table of ["workers", "sessions", "agents", "settings"] as const)
      rows.push(...(await queries.selectFrom(table).selectAll().execute()));
    expect(rows.length).toBeGreaterThan(2);
    expect(bench.issued.length).toBeGreaterThan(1);
    expect(JSON.stringify([rows, bench.log.lines])).not.toContain("hfj1");
  });

  it("is asked to go down at once, and not again while the engine thinks about it", async () => {
    await bench[Symbol.asyncDispose]();
    bench = await openWorkerBench({ askAgainMs: 3_600_000 });
    await bench.add();
    begin();
    need();
    await until("up");
    let asked = 0;
    using slow = bench.room.override({ suspendVm: async () => void (asked += 1) });
    needNot();
    await vi.waitFor(() => expect(asked).toBe(1), { timeout: 10_000, interval: 5 });
    const { calls } = bench.room;
    const looks = vi.fn(bench.room.hypervisor.getVm.bind(bench.room.hypervisor));
    using watched = bench.room.override({ getVm: looks });
    await vi.waitFor(() => expect(looks.mock.calls.length).toBeGreaterThan(3), { timeout: 10_000, interval: 5 });
    expect([asked, calls.at(-1)]).toEqual([1, "booted"]);
    void [slow, watched];
    bench.room.set(bench.room.only().vm.id, "suspended");
    await until("suspended");
  });

  it("loses its power when the guest takes no notice of a shutdown", async () => {
    await bench[Symbol.asyncDispose]();
    bench = await openWorkerBench({ fallPatienceMs: 20 });
    bench.room.ignoresShutdown = true;
    await bench.add({ idlePolicy: "shutdown" });
    begin();
    need();
    await until("up");
    needNot();
    await until("down");
    expect(bench.room.calls).toContain("power off");
  });

  it("is found again by its mark after a restart in the middle of its making, and not made twice", async () => {
    const worker = await bench.add({}, { state: "making" });
    await bench.room.hypervisor.createMachine(
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
    bench.needed.add(worker.workerId);
    begin();
    await until("up");
    expect(bench.room.calls.filter((call) => call.startsWith("create"))).toEqual(["create w-one"]);
    expect(bench.room.vms.size).toBe(1);
  });

  it.each(["making", "down", "starting", "enrolling", "suspending", "shutting-down", "stopping", "suspended"] as const)(
    "that was %s when the controller stopped, without a VM by now, comes up when it is needed",
    async (state) => {
      const worker = await bench.add({}, { state, vmId: "lost", generation: 1 });
      bench.needed.add(worker.workerId);
      begin();
      await until("up");
      expect(bench.room.vms.size).toBe(1);
    },
  );

  it("that somebody deleted is made again, and the identity of its former VM is ended", async () => {
    await bench.add();
    begin();
    need();
    await until("up");
    bench.room.vms.clear();
    await vi.waitFor(() => expect(bench.issued).toContain("revoke wworker000001"), { timeout: 10_000 });
    await until("up");
    expect(bench.issued).toEqual(["issue wworker000001", "revoke wworker000001", "issue wworker000001"]);
    expect(bench.worker().generation).toBe(2);
  });

  it("that somebody stopped in the middle of its work rises again", async () => {
    await bench.add();
    begin();
    need();
    await until("up");
    bench.room.set(bench.room.only().vm.id, "down");
    await vi.waitFor(() => expect(bench.room.calls.filter((call) => call === "boot")).toHaveLength(2));
    await until("up");
  });

  it("rises again when it is needed while it goes down", async () => {
    await bench.add({}, {});
    begin();
    need();
    await until("up");
    const saving = (vmId: string): Promise<void> => Promise.resolve(bench.room.set(vmId, "saving_state"));
    using slow = bench.room.override({ suspendVm: saving });
    void slow;
    needNot();
    await until("suspending");
    need();
    expect(placed()).toMatchObject({ state: "falling" });
    bench.room.set(bench.room.only().vm.id, "suspended");
    await until("up");
    expect(bench.room.calls.at(-1)).toBe("resumeed");
  });

  it("stays away from a VM of its name that is not ours, and says so", async () => {
    bench.room.vms.set("v", { ...(await foreign()), vm: testVm("w-one", "c1", { id: "v" }) });
    await bench.add();
    begin();
    need();
    await unhealthy();
    expect(bench.worker().unhealthyReason).toContain("WORKER_VM_FOREIGN");
    expect(bench.room.only().vm).toMatchObject({ id: "v", description: "", status: "up" });
    expect(placed()).toMatchObject({ unhealthyReason: expect.stringContaining("not ours") });
  });
});

const foreign = async () => ({
  shape: { name: "w-one", comment: "", cpus: 1, memoryBytes: 1, hostIds: [] },
  templateId: undefined,
  nics: [],
  setups: [],
});

describe("an unhealthy worker", () => {
  it("has the engine's own words when the engine does not start it", async () => {
    bench.room.refuseStart = new HoldfastError("ENGINE_CONFLICT", "host h1 did not satisfy internal filter Memory");
    await bench.add();
    begin();
    need();
    await unhealthy();
    await until("down");
    expect(bench.worker().unhealthyReason).toBe("ENGINE_CONFLICT: host h1 did not satisfy internal filter Memory");
  });

  it("never enrolled in time: it is powered off and not tried again until an operator acts", async () => {
    bench.room.onRun = () => undefined;
    await bench.add({ launchTimeoutMs: 30 });
    begin();
    need();
    await unhealthy();
    await until("down");
    expect(bench.worker().unhealthyReason).toBe("its agent did not say hello in time, the VM is up");
    expect(bench.room.calls).toEqual(["create w-one", "boot", "booted", "power off"]);
    expect(placed()).toMatchObject({ state: "asleep", unhealthyReason: expect.stringContaining("hello") });
    bench.room.onRun = () => void bench.hello("worker000001");
    await bench.deps.roster.change(bench.worker(), { unhealthyReason: "" });
    await until("up");
  });

  it("has an agent that gets no work: it does not come up only to be passed, and is not launched again and again", async () => {
    bench.room.onRun = () => void bench.hello("worker000001", "999.0.0");
    await bench.add({ launchTimeoutMs: 30 });
    begin();
    need();
    await unhealthy();
    await until("down");
    expect(bench.worker().unhealthyReason).toBe("its agent is of a version that the controller does not work with");
    expect(bench.room.calls).toEqual(["create w-one", "boot", "booted", "power off"]);
    expect(placed()).toMatchObject({ unhealthyReason: expect.stringContaining("version") });
  });

  it("does not take the hello of an earlier launch for this one's", async () => {
    bench.room.onRun = () => undefined;
    await bench.add({ launchTimeoutMs: 30 });
    await bench.hello("worker000001");
    begin();
    need();
    await unhealthy();
    expect(bench.worker().unhealthyReason).toContain("did not say hello");
  });

  it("is tried again by itself after its rest", async () => {
    await bench[Symbol.asyncDispose]();
    bench = await openWorkerBench({ unhealthyRestMs: 20 });
    await bench.add({}, { unhealthyReason: "it was broken", unhealthyMs: bench.deps.clock.nowMs() });
    begin();
    need();
    await until("up");
    expect(bench.worker().unhealthyReason).toBe("");
  });

  it("is not made unhealthy by an engine that does not answer", async () => {
    bench.room.away = new HoldfastError("ENGINE_UNREACHABLE", "no answer");
    await bench.add();
    begin();
    need();
    await vi.waitFor(() => expect(bench.worker().doing).toBe("no answer"), { timeout: 10_000 });
    expect(bench.worker()).toMatchObject({ state: "absent", unhealthyReason: "" });
    bench.room.away = null;
    await until("up");
  });

  it("is made unhealthy by an engine that does not answer for longer than a launch may take, so that work goes elsewhere", async () => {
    bench.room.away = new HoldfastError("ENGINE_UNREACHABLE", "no answer");
    await bench.add({ launchTimeoutMs: 20 });
    begin();
    need();
    await unhealthy();
    expect(bench.worker()).toMatchObject({ state: "absent", unhealthyReason: "ENGINE_UNREACHABLE: no answer" });
  });
});

describe("a disabled worker", () => {
  it("is not launched, and stays up only for the work that it has", async () => {
    await bench.add();
    begin();
    need();
    await until("up");
    await bench.deps.roster.change(bench.worker(), { enabled: false });
    await bench.deps.needs.read();
    expect(bench.worker().state).toBe("up");
    needNot();
    await until("suspended");
    need();
    await bench.deps.needs.read();
    await bench.deps.needs.read();
    expect(bench.worker().state).toBe("suspended");
  });
});

describe("a changed definition", () => {
  it("of its shape and networks is applied before the next start; a suspended VM is powered off for it", async () => {
    await bench.add();
    begin();
    need();
    await until("up");
    needNot();
    await until("suspended");
    const { definition } = bench.worker();
    const networks = [
      { network: "servers@blue", address: "192.0.2.7", netmask: "255.255.255.0", gateway: "192.0.2.1", device: "" },
      { network: "green", address: "", netmask: "", gateway: "", device: "ens9" },
    ];
    await bench.deps.roster.change(bench.worker(), {
      definition: { ...definition, tasks: 6, networks, dnsServers: ["192.0.2.53"], hosts: ["h-c1"] },
      pending: "reshape",
    });
    need();
    await until("up");
    const { shape, nics, setups } = bench.room.only();
    expect(shape).toMatchObject({ cpus: 6, memoryBytes: 6 * 2 ** 30, hostIds: ["h-c1"] });
    expect(nics.map(({ vnicProfileId }) => vnicProfileId)).toEqual(["p1", "p2"]);
    expect(setups.at(-1)).toMatchObject({
      hostName: "w-one",
      dnsServers: ["192.0.2.53"],
      nics: [
        { device: "eth0", fixed: { address: "192.0.2.7", netmask: "255.255.255.0", gateway: "192.0.2.1" } },
        { device: "ens9", fixed: undefined },
      ],
    });
    expect(bench.worker().pending).toBe("none");
  });

  it("of its source makes the VM anew", async () => {
    await bench.add();
    begin();
    need();
    await until("up");
    needNot();
    await until("suspended");
    await bench.deps.roster.change(bench.worker(), { pending: "remake" });
    need();
    await until("up");
    expect(bench.room.calls.slice(3)).toEqual(["suspend", "power off", "delete", "create w-one", "boot", "booted"]);
    expect(bench.worker()).toMatchObject({ pending: "none", generation: 2 });
  });
});

describe("the test of a worker", () => {
  const over = async (sessionId: string) => {
    await vi.waitFor(
      async () => expect((await findSession(bench.deps.database.queries, sessionId))?.state).toBe("ended"),
      { timeout: 10_000 },
    );
    return findSession(bench.deps.database.queries, sessionId);
  };

  it("launches it, notes each step in its session, and puts it down again", async () => {
    const worker = await bench.add(
      { idleDelayMs: 3_600_000 },
      { enabled: false, unhealthyReason: "it was broken", unhealthyMs: bench.deps.clock.nowMs() },
    );
    begin();
    const sessionId = await beginTest(bench.deps, worker, "UTC");
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
    expect(bench.worker()).toMatchObject({ state: "suspended", unhealthyReason: "", test: null });
  });

  it("that fails powers it off, and leaves it unhealthy with the reason", async () => {
    bench.room.onRun = () => undefined;
    const worker = await bench.add({ launchTimeoutMs: 30 });
    begin();
    const session = await over(await beginTest(bench.deps, worker, "UTC"));
    expect(session?.result).toBe("failed");
    expect(session?.remarks).toContainEqual({
      level: "error",
      code: "WORKER_TEST",
      message: "its agent did not say hello in time, the VM is up",
      diskId: "",
    });
    expect(bench.worker()).toMatchObject({ state: "down", test: null });
    expect(bench.worker().unhealthyReason).toContain("did not say hello");
    expect(bench.room.only().vm.status).toBe("down");
  });

  it("leaves a worker up that work needs", async () => {
    const worker = await bench.add();
    begin();
    need();
    await until("up");
    expect((await over(await beginTest(bench.deps, worker, "UTC")))?.result).toBe("success");
    expect(bench.worker().state).toBe("up");
  });
});

describe("removing a worker", () => {
  it("deletes its VM, ends its identity, forgets its agent, and then itself", async () => {
    await bench.add();
    begin();
    need();
    await until("up");
    needNot();
    await bench.deps.roster.change(bench.worker(), { removing: true });
    await vi.waitFor(() => expect(bench.deps.roster.list()).toEqual([]), { timeout: 10_000 });
    expect(bench.room.vms.size).toBe(0);
    expect(bench.issued.at(-1)).toBe("revoke wworker000001");
    expect(bench.deps.agents.list()).toEqual([]);
  });

  it("leaves a VM of its name alone that is not ours", async () => {
    bench.room.vms.set("v", { ...(await foreign()), vm: testVm("w-one", "c1", { id: "v" }) });
    await bench.add({}, { removing: true });
    begin();
    await vi.waitFor(() => expect(bench.deps.roster.list()).toEqual([]), { timeout: 10_000 });
    expect(bench.room.only().vm.id).toBe("v");
  });
});
