import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { ManagerService } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { SessionService } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { WorkerService } from "@holdfast/proto/holdfast/controller/v1/worker_pb";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import type { RpcClient } from "@holdfast/shared/rpc/client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { controllerConfigSchema } from "../../config/controller-config.ts";
import { type Controller, createController } from "../../create-controller.ts";
import { type MachineRoom, openMachineRoom } from "../../testing/machine-room.ts";
import { openTestInstallation, type TestInstallationFolder } from "../../testing/open-test-installation.ts";
import { scriptedEngines, testInventory } from "../../testing/scripted-engine.ts";

let home: TestInstallationFolder;
beforeAll(async () => {
  home = await openTestInstallation();
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
});

let folder: string;
let room: MachineRoom;
let controller: Controller;
let client: RpcClient;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hf-ws-"));
  await cp(join(home.dataDir, "identity"), join(folder, "identity"), { recursive: true });
  room = openMachineRoom();
  controller = await start();
  client = home.dial(controller.address);
  await client.service(ManagerService).addManager({
    name: "prod",
    url: "https://e",
    username: "a@b",
    password: "p",
    apiAnchorPem: "pem",
    imageioAnchorPem: "pem",
  });
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await controller[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const start = (): Promise<Controller> =>
  createController(
    controllerConfigSchema.parse({
      dataDir: folder,
      rpc: { listen: "127.0.0.1:0" },
      bus: { servers: [home.nats.url] },
      workers: { sweepMs: 10, lookMs: 10, startPatienceMs: 0 },
    }),
    silentLogger,
    { engines: { ...scriptedEngines(testInventory([])), open: () => room.hypervisor } },
  );

const workers = () => client.service(WorkerService);
const definition = { name: "w-one", manager: "prod", cluster: "c1", template: "worker" };
const show = async () => (await workers().getWorker({ worker: "w-one" })).worker;

describe("the workers' service", () => {
  it("keeps a definition with its defaults, over a restart too, and makes no VM for it", async () => {
    const { worker } = await workers().addWorker({ definition });
    expect(worker).toMatchObject({
      definition: { ...definition, tasks: 4, idlePolicy: "suspend", idleDelayMs: 60_000n, launchTimeoutMs: 600_000n },
      enabled: true,
      state: "absent",
      cpus: 4,
      memoryBytes: 4n * 2n ** 30n,
      agentId: `w${worker?.workerId}`,
    });
    await client[Symbol.asyncDispose]();
    await controller[Symbol.asyncDispose]();
    controller = await start();
    client = home.dial(controller.address);
    expect((await workers().listWorkers({ manager: "prod" })).workers.map(({ workerId }) => workerId)).toEqual([
      worker?.workerId,
    ]);
    expect(room.vms.size).toBe(0);
  });

  it.each([
    [{ cluster: "c9" }, "NOT_FOUND", "has no cluster c9"],
    [{ template: "none" }, "NOT_FOUND", "has no template none"],
    [{ template: "" }, "INVALID_ARGUMENT", "one of the two"],
    [{ template: "", image: "/does/not/exist", networks: [{ network: "green" }] }, "IMAGE_UNUSABLE", "cannot read"],
    [{ name: "not a name" }, "INVALID_ARGUMENT", "name: is 1 to 40 characters"],
    [{ hosts: ["h-c2"] }, "INVALID_ARGUMENT", "cluster c1 has no host h-c2"],
    [{ idlePolicy: "sleep" }, "INVALID_ARGUMENT", "idlePolicy"],
  ])("refuses %j", async (change, code, words) => {
    await expect(workers().addWorker({ definition: { ...definition, ...change } })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words),
    });
  });

  it("leaves no image half unpacked over a crash, and the operator's own alone", async () => {
    await client[Symbol.asyncDispose]();
    await controller[Symbol.asyncDispose]();
    const images = join(folder, "images");
    await mkdir(images, { recursive: true });
    for (const name of ["worker000001.unpacked.raw", "mine.raw"]) await writeFile(join(images, name), "image");
    controller = await start();
    client = home.dial(controller.address);
    expect(await readdir(images)).toEqual(["mine.raw"]);
  });

  it("refuses a second worker of one name, and to forget a manager that has workers", async () => {
    await workers().addWorker({ definition });
    await expect(workers().addWorker({ definition })).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    await expect(client.service(ManagerService).removeManager({ manager: "prod", force: true })).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      message: expect.stringContaining("w-one"),
    });
  });

  it("tests a worker as a session with a log; one that fails is unhealthy until it is enabled or edited", async () => {
    await workers().addWorker({ definition: { ...definition, launchTimeoutMs: 30n } });
    const { sessionId } = await workers().testWorker({ worker: "w-one" });
    let last;
    for await (const { session } of client.service(SessionService).watchSession({ sessionId })) last = session;
    expect(last).toMatchObject({ kind: "worker-test", result: Result.FAILED, jobName: "worker w-one" });
    expect(last?.remarks.map(({ level }) => level)).toContain("error");
    expect(await show()).toMatchObject({
      state: "down",
      unhealthyReason: expect.stringMatching(/did not (?:say hello|start in time)/),
    });
    expect((await workers().enableWorker({ worker: "w-one" })).worker?.unhealthyReason).toBe("");
  });

  it("ends a test that is cancelled", async () => {
    await workers().addWorker({ definition });
    const { sessionId } = await workers().testWorker({ worker: "w-one" });
    expect((await workers().testWorker({ worker: "w-one" })).sessionId).toBe(sessionId);
    await client.service(SessionService).cancelSession({ sessionId });
    await vi.waitFor(async () =>
      expect((await client.service(SessionService).getSession({ sessionId })).session?.result).toBe(Result.CANCELLED),
    );
  });

  it("changes a definition, though never its cluster", async () => {
    await workers().addWorker({ definition });
    const edit = (change: object) =>
      workers().editWorker({ worker: "w-one", definition: { ...definition, ...change }, force: false });
    expect((await edit({ tasks: 2, name: "w-two" })).worker).toMatchObject({ cpus: 2, pendingChange: "none" });
    await expect(
      workers().editWorker({ worker: "w-two", definition: { ...definition, cluster: "c2" } }),
    ).rejects.toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringContaining("stays in its cluster") });
  });

  it("disables and removes", async () => {
    await workers().addWorker({ definition });
    expect((await workers().disableWorker({ worker: "w-one" })).worker?.enabled).toBe(false);
    await workers().removeWorker({ worker: "w-one" });
    await vi.waitFor(async () => expect((await workers().listWorkers({})).workers).toEqual([]));
    await expect(show()).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
