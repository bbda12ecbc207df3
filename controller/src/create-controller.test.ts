import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { InventoryService } from "@holdfast/proto/holdfast/controller/v1/inventory_pb";
import { JobService } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { ManagerService } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { RepositoryRegistryService } from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { SessionService } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { SystemService } from "@holdfast/proto/holdfast/controller/v1/system_pb";
import { RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import type { RpcClient } from "@holdfast/shared/rpc/client";
import { serverCredentials } from "@holdfast/shared/rpc/credentials";
import { serveService } from "@holdfast/shared/rpc/implementation";
import { type RpcServer, openRpcServer } from "@holdfast/shared/rpc/server";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type ControllerConfig, controllerConfigSchema } from "./config/controller-config.ts";
import { type Controller, createController } from "./create-controller.ts";
import { openTestInstallation, type TestInstallationFolder } from "./testing/open-test-installation.ts";
import { scriptedEngines, testInventory, testVm } from "./testing/scripted-engine.ts";

let home: TestInstallationFolder;
let repository: RpcServer;
beforeAll(async () => {
  home = await openTestInstallation();
  repository = await openRpcServer({
    listen: "127.0.0.1:0",
    credentials: serverCredentials(await home.hold("repository", "r-1"), { asksForCertificates: true }),
    log: silentLogger,
    services: [serveService(RepositoryService, emptyRepository() as never)],
  });
});
afterAll(async () => {
  await repository[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});

/** A repository without points: all that definitions and sessions without agents ask of one. */
const emptyRepository = () => {
  const refuse = () => Promise.reject(new Error("not asked in this test"));
  const names = Object.keys(RepositoryService.method);
  return {
    ...Object.fromEntries(names.map((name) => [name, refuse])),
    updateTrust: () => Promise.resolve({ number: 1 }),
    getRepository: () =>
      Promise.resolve({ repositoryId: "r-1", formatVersion: 1, chunkSize: 1_048_576, freeBytes: 9n, totalBytes: 10n }),
    listPoints: async function* () {
      // Nothing is there.
    },
  };
};

let folder: string;
let controller: Controller;
let client: RpcClient;
const engines = scriptedEngines(testInventory([testVm("one", "c1"), testVm("two", "c2")]));
const configOf = (): ControllerConfig =>
  controllerConfigSchema.parse({
    dataDir: folder,
    timeZone: "Europe/Berlin",
    rpc: { listen: ["127.0.0.1:0", `unix:${folder}/api.sock`] },
    bus: { servers: [home.nats.url] },
    work: { preflightPatienceMs: 0 },
  });
const open = async (): Promise<void> => {
  controller = await createController(configOf(), silentLogger, { engines });
  client = home.dial(controller.address);
};
const close = async (): Promise<void> => {
  await client[Symbol.asyncDispose]();
  await controller[Symbol.asyncDispose]();
};
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hf-ctl-"));
  await cp(join(home.dataDir, "identity"), join(folder, "identity"), { recursive: true });
  await open();
});
afterEach(async () => {
  await close();
  await rm(folder, { recursive: true });
});

const addAll = async (): Promise<void> => {
  const anchors = { apiAnchorPem: "api", imageioAnchorPem: "io" };
  await client
    .service(ManagerService)
    .addManager({ name: "east", url: "https://e", username: "admin@internal", password: "s3cret-word", ...anchors });
  await client.service(RepositoryRegistryService).addRepository({ name: "main", address: repository.address });
};
const definition = { name: "nightly", vms: ["one", "east/two"], repository: "main", keepDays: 7, dailyAt: "22:00" };

describe("a controller", () => {
  it("says who it is, and is the same after a restart and without its database (R6)", async () => {
    const before = await client.service(SystemService).getVersion({});
    expect(before).toMatchObject({ timeZone: "Europe/Berlin", installationId: controller.installationId });
    await close();
    for (const file of await readdir(folder)) if (file.startsWith("controller.db")) await rm(join(folder, file));
    await open();
    expect((await client.service(SystemService).getVersion({})).installationId).toBe(before.installationId);
  });

  it("keeps managers, repositories and jobs over a restart, and no password in clear (R12)", async () => {
    await addAll();
    const { job } = await client.service(JobService).createJob({ definition });
    await close();
    for (const file of (await readdir(folder)).filter((name) => name.startsWith("controller.db")))
      expect((await readFile(join(folder, file))).includes("s3cret-word")).toBe(false);
    await open();
    const again = await client.service(JobService).getJob({ job: "nightly" });
    expect(again.job).toMatchObject({
      jobId: job?.jobId,
      enabled: true,
      repositoryName: "main",
      definition: { codec: "zstd", timeZone: "Europe/Berlin" },
    });
    await vi.waitFor(async () => {
      const { managers } = await client.service(ManagerService).listManagers({});
      expect(managers).toMatchObject([{ name: "east", state: "connected", vms: 2, clusters: ["c1", "c2"] }]);
    });
    const batches = await Array.fromAsync(client.service(InventoryService).listVms({ cluster: "c1" }));
    expect(batches).toMatchObject([{ vms: [{ name: "one", jobs: ["nightly"] }] }]);
  });

  it("refuses what makes no sense with a code", async () => {
    await addAll();
    const jobs = client.service(JobService);
    await jobs.createJob({ definition });
    await expect(jobs.createJob({ definition })).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    await expect(jobs.createJob({ definition: { ...definition, name: "x", vms: ["nobody"] } })).rejects.toMatchObject({
      code: "VM_NOT_FOUND",
    });
    await expect(jobs.getJob({ job: "x" })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(client.service(ManagerService).removeManager({ manager: "east" })).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
    });
    await expect(
      client.service(RepositoryRegistryService).removeRepository({ repository: "main" }),
    ).rejects.toMatchObject({ code: "FAILED_PRECONDITION" });
    await expect(client.service(SessionService).getSession({ sessionId: "x" })).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });

  it("starts one session for one request, however often it is repeated, and watches it to its end", async () => {
    await addAll();
    const jobs = client.service(JobService);
    await jobs.createJob({ definition });
    const first = await jobs.runJob({ job: "nightly", requestId: "r1" });
    expect(await jobs.runJob({ job: "nightly", requestId: "r1" })).toStrictEqual(first);
    expect((await jobs.runJob({ job: "nightly", requestId: "r2", vms: ["two"] })).sessionId).not.toBe(first.sessionId);
    let last;
    for await (const { session } of client.service(SessionService).watchSession({ sessionId: first.sessionId }))
      last = session;
    expect(last).toMatchObject({ state: "ended", result: Result.FAILED, trigger: "operator", jobName: "nightly" });
    expect(last?.tasks.map(({ vmName, state }) => [vmName, state])).toStrictEqual([
      ["one", "failed"],
      ["two", "failed"],
    ]);
    const batches = await Array.fromAsync(client.service(SessionService).listSessions({ job: "nightly" }));
    expect(batches.flatMap(({ sessions }) => sessions)).toHaveLength(2);
  });

  it("edits, disables and removes a job", async () => {
    await addAll();
    const jobs = client.service(JobService);
    await jobs.createJob({ definition });
    const { job } = await jobs.editJob({
      job: "nightly",
      definition: { ...definition, name: "daily", vms: ["two"], keepDays: 3 },
    });
    expect(job).toMatchObject({
      definition: { name: "daily", keepDays: 3 },
      vms: [{ name: "two", managerName: "east" }],
    });
    expect((await jobs.setJobEnabled({ job: "daily", enabled: false })).job?.nextRunMs).toBe(0n);
    await jobs.removeJob({ job: "daily" });
    expect((await jobs.listJobs({})).jobs).toStrictEqual([]);
  });
});
