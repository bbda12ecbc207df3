import { join } from "node:path";
import { InventoryService } from "@holdfast/proto/holdfast/controller/v1/inventory_pb";
import { ManagerService } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { PointService } from "@holdfast/proto/holdfast/controller/v1/point_pb";
import { RepositoryRegistryService } from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { SessionService } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { systemClock } from "@holdfast/shared/clock/clock";
import type { SessionId, TaskId } from "@holdfast/shared/ids/ids";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import type { RpcClient } from "@holdfast/shared/rpc/client";
import { serverCredentials } from "@holdfast/shared/rpc/credentials";
import { serveService } from "@holdfast/shared/rpc/implementation";
import { type RpcServer, openRpcServer } from "@holdfast/shared/rpc/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { controllerConfigSchema } from "../config/controller-config.ts";
import { createController } from "../create-controller.ts";
import { openDatabase } from "../database/database.ts";
import { insertSession } from "../database/sessions-table.ts";
import { insertTask } from "../database/tasks-table.ts";
import { openTestInstallation } from "../testing/open-test-installation.ts";
import { scriptedEngines, testInventory, testVm } from "../testing/scripted-engine.ts";
import { testSession, testTask } from "../testing/test-rows.ts";

const count = 2_000;
const numbers = Array.from({ length: count }, (_none, index) => index);
const padded = (index: number): string => String(index).padStart(4, "0");

const stack = new AsyncDisposableStack();
let repository: RpcServer;
let client: RpcClient;

/** Only what describing it and listing its points ask. */
const longRepository = () => ({
  ...Object.fromEntries(Object.keys(RepositoryService.method).map((name) => [name, () => Promise.reject(new Error())])),
  updateTrust: () => Promise.resolve({ number: 1 }),
  getRepository: () =>
    Promise.resolve({ repositoryId: "r-1", formatVersion: 1, chunkSize: 1_048_576, freeBytes: 9n, totalBytes: 10n }),
  listPoints: async function* () {
    for (const index of numbers) {
      const disks = Array.from({ length: 8 }, () => ({ diskId: "d".repeat(36), alias: "a".repeat(60), mode: "full" }));
      yield { point: { pointId: padded(index), vmName: "one", capturedMs: BigInt(index), disks } };
    }
  },
});

const fillSessions = async (folder: string): Promise<void> => {
  await using database = await openDatabase(join(folder, "controller.db"), systemClock);
  await database.inTransaction(async (queries) => {
    for (const index of numbers) {
      const sessionId = `s${padded(index)}` as SessionId;
      const ended = { state: "ended", result: "success", createdMs: index, endedMs: index } as const;
      await insertSession(queries, testSession({ sessionId, ...ended }));
      const taskId = `t${padded(index)}` as TaskId;
      await insertTask(queries, testTask({ taskId, sessionId, state: "succeeded", placement: "p".repeat(200) }));
    }
  });
};

beforeAll(async () => {
  const home = stack.use(await openTestInstallation());
  repository = stack.use(
    await openRpcServer({
      listen: "127.0.0.1:0",
      credentials: serverCredentials(await home.hold("repository", "r-1"), { asksForCertificates: true }),
      log: silentLogger,
      services: [serveService(RepositoryService, longRepository() as never)],
    }),
  );
  await fillSessions(home.dataDir);
  const config = controllerConfigSchema.parse({
    dataDir: home.dataDir,
    rpc: { listen: "127.0.0.1:0" },
    bus: { servers: [home.nats.url] },
  });
  const engines = scriptedEngines(
    testInventory(numbers.map((index) => testVm(`vm-${padded(index)}-${"x".repeat(80)}`, "c1"))),
  );
  const controller = stack.use(await createController(config, silentLogger, { engines }));
  client = stack.use(home.dial(controller.address));
  await client.service(ManagerService).addManager({
    name: "east",
    url: "https://e",
    username: "admin@internal",
    password: "s",
    apiAnchorPem: "api",
    imageioAnchorPem: "io",
  });
  await client.service(RepositoryRegistryService).addRepository({ name: "main", address: repository.address });
});
afterAll(async () => {
  await stack.disposeAsync();
});

test("2,000 VMs come in batches of a hundred", async () => {
  const batches = await Array.fromAsync(client.service(InventoryService).listVms({}));
  expect(batches.map(({ vms }) => vms.length)).toEqual(Array.from({ length: 20 }, () => 100));
  expect(new Set(batches.flatMap(({ vms }) => vms.map(({ vmId }) => vmId))).size).toBe(count);
});

test("2,000 points come oldest first, and what could not be asked comes with the last of them", async () => {
  const points = client.service(PointService);
  const ids = numbers.map(padded);
  const batches = await Array.fromAsync(points.listPoints({}));
  expect(batches.flatMap((batch) => batch.points.map(({ pointId }) => pointId))).toEqual(ids);
  expect(batches.flatMap(({ remarks }) => remarks)).toEqual([]);

  await repository[Symbol.asyncDispose]();
  const last = await Array.fromAsync(points.listPoints({}));
  expect(last).toMatchObject([{ points: [], remarks: [{ level: "warning" }] }]);
});

test("2,000 sessions come newest first, as many as were asked for", async () => {
  const sessions = client.service(SessionService);
  const idsOf = async (limit: number): Promise<readonly string[]> =>
    (await Array.fromAsync(sessions.listSessions({ limit }))).flatMap((batch) =>
      batch.sessions.map(({ sessionId }) => sessionId),
    );
  const newest = numbers.map((index) => `s${padded(index)}`).toReversed();
  expect(await idsOf(5_000)).toEqual(newest);
  expect(await idsOf(150)).toEqual(newest.slice(0, 150));
  expect(await idsOf(0)).toEqual(newest.slice(0, 50));
});
