import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@holdfast/shared/clock/clock";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type Lab, startLab } from "../engine/testing/start-simulator.ts";
import { uploadImage } from "../engine/upload-image.ts";
import { createOvirtEngines } from "../inventory/ovirt-engines.ts";
import { type WorkerBench, openWorkerBench } from "../testing/open-worker-bench.ts";
import type { WorkerState } from "./worker-state.ts";

const workerId = "worker000001";
const never = new AbortController().signal;
let folder: string;
let lab: Lab;
let bench: WorkerBench;
let running: AsyncDisposable;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hf-wsim-"));
  // What a guest runs keeps what it was told where the test sees it.
  const guest = [
    "/bin/sh",
    "-c",
    `cp "$2" ${folder}/agent.yaml.part && mv ${folder}/agent.yaml.part ${folder}/agent.yaml; exec sleep 600`,
    "sh",
  ];
  lab = await startLab({
    guest: { command: guest },
    networks: [{ name: "green", dataCenter: "dc" }],
    hosts: [
      { name: "h1", cluster: "c1", memory: "8GiB" },
      { name: "h2", cluster: "c1", memory: "8GiB" },
    ],
    vnicProfiles: [
      { name: "servers", network: "blue" },
      { name: "storage", network: "green" },
    ],
    templates: [
      {
        name: "worker",
        guest: "agent",
        nics: [{ name: "nic1", profile: "servers" }],
        disks: [{ alias: "root", size: "1MiB" }],
      },
      {
        name: "dead",
        guest: "none",
        nics: [{ name: "nic1", profile: "servers" }],
        disks: [{ alias: "root", size: "1MiB" }],
      },
    ],
  });
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

beforeEach(async () => {
  const definition = {
    name: "one",
    url: lab.url,
    username: "admin@internal",
    password: "lab",
    apiAnchorPem: lab.apiAnchorPem,
    imageioAnchorPem: lab.imageioAnchorPem,
  };
  const engines = createOvirtEngines(systemClock, silentLogger);
  bench = await openWorkerBench({ lookMs: 20 }, { engines, definition, upload: uploadImage });
});
afterEach(async () => {
  await running[Symbol.asyncDispose]();
  await bench[Symbol.asyncDispose]();
  await rm(join(folder, "agent.yaml"), { force: true });
});

const add = async (facts: object = {}) => {
  const { clusters } = await bench.deps.managers.get("one").refresh(never);
  return bench.add({ clusterId: clusters[0]?.id ?? "", tasks: 1, ...facts });
};
const begin = (): void => {
  running = bench.run();
};
const need = (): void => void bench.needed.add(workerId);
const until = (state: WorkerState): Promise<void> =>
  vi.waitFor(() => expect(bench.worker().state).toBe(state), { timeout: 20_000, interval: 10 });
const told = (): Promise<string> =>
  vi.waitFor(() => readFile(join(folder, "agent.yaml"), "utf8"), { timeout: 20_000, interval: 10 });
/** The guest's agent speaks as soon as it was told who it is. */
const come = async (): Promise<string> => {
  const text = await told();
  await until("enrolling");
  await bench.hello(workerId);
  await until("up");
  return text;
};
const vm = () => lab.hypervisor.getVm(bench.worker().vmId, never);
const leave = async (): Promise<void> => {
  bench.needed.clear();
  await vi.waitFor(() => bench.deps.roster.change(bench.worker(), { removing: true }));
  await vi.waitFor(() => expect(bench.deps.roster.list()).toEqual([]), { timeout: 20_000, interval: 10 });
  expect((await lab.leftovers()).vms.filter(({ name }) => name === "w-one")).toEqual([]);
};

describe("a worker on an engine", () => {
  it("is made from its template, booted with its user data, suspended, resumed, and removed with its disk", async () => {
    await add({
      hosts: ["h2"],
      networks: [{ network: "storage@green", address: "", netmask: "", gateway: "", device: "" }],
    });
    begin();
    need();
    expect(await come()).toContain("joinToken: hfj1.token-1");
    expect(await vm()).toMatchObject({ status: "up", description: `holdfast/inst/worker/${workerId}` });
    expect((await vm()).hostId).toBe(
      (await lab.hypervisor.readInventory(never)).hosts.find(({ name }) => name === "h2")?.id,
    );
    expect(await lab.hypervisor.listNics(bench.worker().vmId, never)).toHaveLength(1);
    bench.needed.clear();
    await until("suspended");
    expect((await vm()).status).toBe("suspended");
    need();
    await until("enrolling");
    await bench.hello(workerId);
    await until("up");
    expect(bench.issued).toEqual([`issue w${workerId}`]);
    await leave();
  });

  it("has another shape at its next start, and is a copy where a storage domain was named", async () => {
    await add({ storageDomain: "sd1", idlePolicy: "shutdown" });
    begin();
    need();
    await come();
    bench.needed.clear();
    await until("down");
    const { definition } = bench.worker();
    await bench.deps.roster.change(bench.worker(), { definition: { ...definition, tasks: 3 }, pending: "reshape" });
    need();
    await until("enrolling");
    expect(await vm()).toMatchObject({ memoryBytes: 3 * 2 ** 30 });
    await leave();
  });

  it("is unhealthy with the engine's reasons when no host has room for it", async () => {
    await add({ tasks: 64 });
    begin();
    need();
    await vi.waitFor(() => expect(bench.worker().unhealthyReason).toContain("host h1"), { timeout: 20_000 });
    expect(bench.worker().unhealthyReason).toMatch(/^ENGINE_CONFLICT: .*Memory/s);
    await until("down");
    await leave();
  });

  it("is unhealthy, and powered off, when what it boots is no worker", async () => {
    await add({ source: { kind: "template", name: "dead" }, launchTimeoutMs: 500 });
    begin();
    need();
    await vi.waitFor(() => expect(bench.worker().unhealthyReason).toContain("did not say hello"), { timeout: 20_000 });
    await until("down");
    expect((await vm()).status).toBe("down");
    await leave();
  });

  it("boots from an image that was uploaded through imageio", async () => {
    const file = join(folder, "worker.raw");
    const image = Buffer.alloc(2 * 2 ** 20);
    image.write("HOLDFAST-LAB-GUEST agent\n");
    await writeFile(file, image);
    const networks = [{ network: "blue", address: "", netmask: "", gateway: "", device: "" }];
    await add({ source: { kind: "image", file }, networks });
    begin();
    need();
    await come();
    expect((await vm()).disks).toEqual([expect.objectContaining({ sizeBytes: 2 * 2 ** 20, bootable: true })]);
    await leave();
    expect((await lab.leftovers()).disks.filter(({ alias }) => alias === "w-one")).toEqual([]);
  });

  it("is made again when somebody deleted it, and started again when somebody stopped it", async () => {
    await add();
    begin();
    need();
    await come();
    const former = bench.worker().vmId;
    await lab.hypervisor.powerOffVm(former, never);
    await until("enrolling");
    await bench.hello(workerId);
    await until("up");
    // The worker is started again at once: whoever deletes it has to be quick.
    await vi.waitFor(
      async () => {
        await lab.hypervisor.powerOffVm(former, never);
        await lab.hypervisor.removeVm({ vmId: former, keepDisks: false }, never);
      },
      { timeout: 20_000, interval: 10 },
    );
    await vi.waitFor(() => expect(["", former]).not.toContain(bench.worker().vmId), { timeout: 20_000 });
    await until("enrolling");
    await bench.hello(workerId);
    await until("up");
    await leave();
  });
});
