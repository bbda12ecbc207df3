import { describe, expect, it, vi } from "vitest";
import { eachWorkerBench } from "../testing/each-worker-bench.ts";

const on = eachWorkerBench();
const { begin, until, need, needNot } = on;

describe("a disabled worker", () => {
  it("is not launched, and stays up only for the work that it has", async () => {
    await on.bench.add();
    begin();
    need();
    await until("up");
    await on.bench.deps.roster.change(on.bench.worker(), { enabled: false });
    const looks = vi.fn(on.bench.room.hypervisor.getVm.bind(on.bench.room.hypervisor));
    using watched = on.bench.room.override({ getVm: looks });
    void watched;
    await vi.waitFor(() => expect(looks.mock.calls.length).toBeGreaterThan(10), { timeout: 10_000, interval: 5 });
    expect(on.bench.worker().state).toBe("up");
    needNot();
    await until("suspended");
    const calls = [...on.bench.room.calls];
    need();
    // Each sweep reads the demand and steps every worker.
    const sweeps = vi.spyOn(on.bench.deps.needs, "read");
    await vi.waitFor(() => expect(sweeps.mock.calls.length).toBeGreaterThan(20), { timeout: 10_000, interval: 5 });
    expect(on.bench.worker().state).toBe("suspended");
    expect(on.bench.room.calls).toEqual(calls);
  });
});

describe("a changed definition", () => {
  it("of its shape and networks is applied before the next start; a suspended VM is powered off for it", async () => {
    await on.bench.add();
    begin();
    need();
    await until("up");
    needNot();
    await until("suspended");
    const { definition } = on.bench.worker();
    const networks = [
      { network: "servers@blue", address: "192.0.2.7", netmask: "255.255.255.0", gateway: "192.0.2.1", device: "" },
      { network: "green", address: "", netmask: "", gateway: "", device: "ens9" },
    ];
    await on.bench.deps.roster.change(on.bench.worker(), {
      definition: { ...definition, tasks: 6, networks, dnsServers: ["192.0.2.53"], hosts: ["h-c1"] },
      pending: "reshape",
    });
    need();
    await until("up");
    const { shape, nics, setups } = on.bench.room.only();
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
    expect(on.bench.worker().pending).toBe("none");
  });

  it("of its source makes the VM anew", async () => {
    await on.bench.add();
    begin();
    need();
    await until("up");
    needNot();
    await until("suspended");
    await on.bench.deps.roster.change(on.bench.worker(), { pending: "remake" });
    need();
    await until("up");
    expect(on.bench.room.calls.slice(3)).toEqual(["suspend", "power off", "delete", "create w-one", "boot", "booted"]);
    expect(on.bench.worker()).toMatchObject({ pending: "none", generation: 2 });
  });
});
