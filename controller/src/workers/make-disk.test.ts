import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type WorkerBench, openWorkerBench } from "../testing/open-worker-bench.ts";

const MiB = 2 ** 20;
const mark = "holdfast/inst/worker/worker000001";
let folder: string;
let file: string;
let bench: WorkerBench;
let running: AsyncDisposable;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hf-wd-"));
  file = join(folder, "worker.raw");
  await writeFile(file, Buffer.alloc(2 * MiB));
  bench = await openWorkerBench();
  const network = { network: "green", address: "", netmask: "", gateway: "", device: "" };
  await bench.add({ source: { kind: "image", file }, networks: [network] });
  running = bench.run();
});
afterEach(async () => {
  await running[Symbol.asyncDispose]();
  await bench[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const need = (): void => void bench.needed.add("worker000001");
const until = (look: () => void): Promise<void> => vi.waitFor(look, { timeout: 10_000, interval: 5 });
const isUp = (): Promise<void> => until(() => expect(bench.worker().state).toBe("up"));

describe("a worker made from an image", () => {
  it("boots from a disk that was uploaded through host or proxy, on its own network", async () => {
    need();
    await isUp();
    const { vm, nics, templateId } = bench.room.only();
    expect(bench.uploads).toEqual([{ file, urls: ["https://host/images/x0", "https://engine/images/x0"] }]);
    expect(bench.room.calls.slice(0, 2)).toEqual([`disk ${2 * MiB}`, "create w-one"]);
    expect(templateId).toBeUndefined();
    expect(vm.disks).toEqual([
      expect.objectContaining({ description: mark, bootable: true, active: true, format: "cow" }),
    ]);
    expect(nics.map(({ vnicProfileId }) => vnicProfileId)).toEqual(["p2"]);
  });

  it("is unhealthy when the upload fails, leaves no disk behind, and is made when it is tried again", async () => {
    bench.failUpload = new HoldfastError("ENGINE_UNTRUSTED", "the certificate does not fit");
    const { definition } = bench.worker();
    await bench.deps.roster.change(bench.worker(), { definition: { ...definition, launchTimeoutMs: 1 } });
    need();
    await until(() => expect(bench.worker().unhealthyReason).toContain("does not fit"));
    expect([bench.room.disks.disks.size, bench.room.vms.size]).toEqual([0, 0]);
    bench.failUpload = null;
    await bench.deps.roster.change(bench.worker(), { unhealthyReason: "", definition });
    await isUp();
    expect(bench.room.disks.disks.size).toBe(1);
  });

  it("takes up a filled disk again when only the VM could not be made", async () => {
    {
      using broken = bench.room.override({
        createMachine: () => Promise.reject(new HoldfastError("ENGINE_FAULT", "no")),
      });
      void broken;
      need();
      await until(() => expect(bench.worker().unhealthyReason).toContain("no"));
    }
    await bench.deps.roster.change(bench.worker(), { unhealthyReason: "" });
    await isUp();
    expect(bench.uploads).toHaveLength(1);
  });

  it("is made from its new image when that was changed after the disk was filled and before the VM was made", async () => {
    const other = join(folder, "other.raw");
    await writeFile(other, Buffer.alloc(3 * MiB));
    {
      using broken = bench.room.override({
        createMachine: () => Promise.reject(new HoldfastError("ENGINE_FAULT", "no")),
      });
      void broken;
      need();
      await until(() => expect(bench.worker().unhealthyReason).toContain("no"));
    }
    const definition = { ...bench.worker().definition, source: { kind: "image", file: other } as const };
    await bench.deps.roster.change(bench.worker(), { definition, pending: "remake", unhealthyReason: "" });
    await isUp();
    expect(bench.uploads.map((one) => one.file)).toEqual([file, other]);
    expect([...bench.room.disks.disks.values()].map(({ sizeBytes }) => sizeBytes)).toEqual([3 * MiB]);
    expect(bench.worker().pending).toBe("none");
  });

  it("keeps a change in mind that comes while it is made", async () => {
    using slow = bench.room.override({
      createMachine: async (request, signal) => {
        const now = bench.worker();
        await bench.deps.roster.change(now, { definition: { ...now.definition, tasks: 7 }, pending: "reshape" });
        slow[Symbol.dispose]();
        return bench.room.hypervisor.createMachine(request, signal);
      },
    });
    need();
    await isUp();
    expect(bench.room.only().shape.cpus).toBe(7);
    expect(bench.worker().pending).toBe("none");
  });

  it("goes with its disk", async () => {
    need();
    await isUp();
    await bench.deps.roster.change(bench.worker(), { removing: true });
    await until(() => expect(bench.deps.roster.list()).toEqual([]));
    expect([bench.room.disks.disks.size, bench.room.vms.size]).toEqual([0, 0]);
  });
});
