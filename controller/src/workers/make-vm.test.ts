import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { describe, expect, it } from "vitest";
import { eachWorkerBench } from "../testing/each-worker-bench.ts";

const on = eachWorkerBench();
const { begin, until, unhealthy, need } = on;

const network = { network: "green", address: "", netmask: "", gateway: "", device: "" };

describe("a worker that is to be made anew", () => {
  it("goes on where a hiccup ended it: what was made of the new definition stays", async () => {
    await on.bench.add({ networks: [network] }, { pending: "remake", generation: 1 });
    {
      using broken = on.bench.room.override({ addNic: () => Promise.reject(new HoldfastError("ENGINE_FAULT", "no")) });
      void broken;
      begin();
      need();
      await unhealthy();
    }
    const made = on.bench.room.only().vm.id;
    await on.bench.deps.roster.change(on.bench.worker(), { unhealthyReason: "" });
    await until("up");
    expect(on.bench.room.only().vm.id).toBe(made);
    expect(on.bench.room.calls.filter((call) => call === "delete" || call.startsWith("create"))).toEqual([
      "create w-one",
    ]);
    expect(on.bench.worker()).toMatchObject({ pending: "none", generation: 2 });
  });

  it("begins once more when it is to be of yet another source by then", async () => {
    await on.bench.add({ networks: [network] }, { pending: "remake", generation: 1 });
    using broken = on.bench.room.override({
      addNic: async (nic, signal) => {
        broken[Symbol.dispose]();
        const now = on.bench.worker();
        const definition = { ...now.definition, storageDomain: "sd1" };
        await on.bench.deps.roster.change(now, { definition, pending: "remake" });
        return on.bench.room.hypervisor.addNic(nic, signal);
      },
    });
    begin();
    need();
    await until("up");
    expect(on.bench.room.calls.filter((call) => call === "delete" || call.startsWith("create"))).toEqual([
      "create w-one",
      "delete",
      "create w-one",
    ]);
    expect(on.bench.worker()).toMatchObject({ pending: "none", generation: 3 });
  });
});
