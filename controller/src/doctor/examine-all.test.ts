import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DoctorService } from "@holdfast/proto/holdfast/controller/v1/doctor_pb";
import { ManagerService } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { RepositoryRegistryService } from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import type { Check } from "@holdfast/proto/holdfast/doctor/v1/doctor_pb";
import { RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import type { RpcClient } from "@holdfast/shared/rpc/client";
import { serverCredentials } from "@holdfast/shared/rpc/credentials";
import { serveService } from "@holdfast/shared/rpc/implementation";
import { openRpcServer, type RpcServer } from "@holdfast/shared/rpc/server";
import { productVersion } from "@holdfast/shared/version/product-version";
import { afterAll, beforeAll, expect, test } from "vitest";
import { controllerConfigSchema } from "../config/controller-config.ts";
import { createController } from "../create-controller.ts";
import { openTestInstallation, type TestInstallationFolder } from "../testing/open-test-installation.ts";
import { scriptedEngines, testInventory } from "../testing/scripted-engine.ts";

const stack = new AsyncDisposableStack();
let home: TestInstallationFolder;
let client: RpcClient;
let repository: RpcServer;
let theirClockMs = 0;
let keyCheck = "";

/** A repository that only describes and examines itself. */
const served = () => ({
  ...Object.fromEntries(Object.keys(RepositoryService.method).map((name) => [name, () => Promise.reject(new Error())])),
  updateTrust: () => Promise.resolve({ number: 1 }),
  getRepository: () => Promise.resolve({ repositoryId: "r-1", formatVersion: 1, chunkSize: 1_048_576, keyCheck }),
  examine: async function* () {
    yield { clockMs: BigInt(Date.now() + theirClockMs), version: productVersion, trustNumber: 1 };
    yield { checks: [{ kind: "space", subject: "packs", state: "error", message: "full", advice: "make room" }] };
  },
});

beforeAll(async () => {
  home = stack.use(await openTestInstallation());
  repository = stack.use(
    await openRpcServer({
      listen: "127.0.0.1:0",
      credentials: serverCredentials(await home.hold("repository", "r-1"), { asksForCertificates: true }),
      log: silentLogger,
      services: [serveService(RepositoryService, served() as never)],
    }),
  );
  const dataDir = await mkdtemp(join(tmpdir(), "hf-doc-"));
  stack.defer(() => rm(dataDir, { recursive: true }));
  await cp(join(home.dataDir, "identity"), join(dataDir, "identity"), { recursive: true });
  const config = controllerConfigSchema.parse({
    dataDir,
    rpc: { listen: ["127.0.0.1:0"] },
    bus: { servers: [home.nats.url] },
  });
  const engines = scriptedEngines(testInventory([]));
  const controller = stack.use(await createController(config, silentLogger, { engines }));
  client = stack.use(home.dial(controller.address));
  const anchors = { apiAnchorPem: "api", imageioAnchorPem: "io" };
  await client
    .service(ManagerService)
    .addManager({ name: "east", url: "https://127.0.0.1:1", username: "a@b", password: "p", ...anchors });
  await client.service(RepositoryRegistryService).addRepository({ name: "main", address: repository.address });
});
afterAll(() => stack.disposeAsync());

const examine = async () => {
  const [first, ...rest] = await Array.fromAsync(client.service(DoctorService).examine({ timeoutSeconds: 5 }));
  return { examination: first?.examination, checks: rest.flatMap(({ checks }) => checks) };
};
const find = (checks: readonly Check[], role: string, kind: string, subject: RegExp) =>
  checks.find((check) => check.role === role && check.kind === kind && subject.test(check.subject));

test("an operator is told at once what to look at, then what every process found", async () => {
  const { examination, checks } = await examine();
  expect(examination).toMatchObject({ version: productVersion, targets: [{ address: repository.address }] });
  for (const [role, kind, subject, state] of [
    ["controller", "version", /version/, "ok"],
    ["controller", "bus", /bus/, "ok"],
    ["controller", "certificate", /^own/, "ok"],
    ["controller", "certificate", /^authority/, "ok"],
    ["controller", "certificate", /of bus$/, "ok"],
    ["controller", "certificate", /^API anchor of manager east/, "error"],
    ["controller", "space", /data folder/, "ok"],
    ["controller", "manager", /manager east/, "ok"],
    ["controller", "connection", /^bus/, "ok"],
    ["controller", "connection", /engine of manager east/, "error"],
    ["controller", "connection", /repository main/, "ok"],
    ["repository", "answer", /answer/, "ok"],
    ["repository", "version", /version/, "ok"],
    ["repository", "trust", /revocations/, "ok"],
    ["repository", "clock", /clock/, "ok"],
    ["repository", "space", /packs/, "error"],
  ] as const)
    expect(find(checks, role, kind, subject), `${role} ${kind} ${subject}`).toMatchObject({ state });
});

test("a repository whose clock is off is told how far", async () => {
  theirClockMs = 10_000;
  const { checks } = await examine();
  theirClockMs = 0;
  expect(find(checks, "repository", "clock", /clock/)).toMatchObject({
    state: "warning",
    message: expect.stringContaining("ahead of"),
  });
});

test("a repository whose key is not at the controller says what to do, a plain one says nothing of keys", async () => {
  const before = await examine();
  expect(find(before.checks, "repository", "key", /key/)).toBeUndefined();
  keyCheck = "a".repeat(64);
  const { checks } = await examine();
  keyCheck = "";
  expect(find(checks, "repository", "key", /key/)).toMatchObject({
    state: "error",
    advice: "give its password or recovery key: holdfast repository key unlock main",
  });
});

test("a repository that is gone is an error and hinders nobody else", async () => {
  await repository[Symbol.asyncDispose]();
  const { checks } = await examine();
  expect(find(checks, "repository", "answer", /answer/)).toMatchObject({
    state: "error",
    advice: expect.stringContaining(repository.address),
  });
  expect(find(checks, "controller", "connection", /repository main/)).toMatchObject({ state: "error" });
  expect(find(checks, "controller", "bus", /bus/)).toMatchObject({ state: "ok" });
});
