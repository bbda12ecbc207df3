import { systemClock } from "@holdfast/shared/clock/clock";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Database, openDatabase } from "../database/database.ts";
import { type LocalEngine, startLocalEngine } from "../engine/testing/local-engine.ts";
import { type EngineTrust, apiCalls, makeEngineTrust, password, root } from "../engine/testing/open-client.ts";
import { createSecretBox } from "../secrets/secret-box.ts";
import { type ManagerRegistry, openManagerRegistry } from "./manager-registry.ts";
import { createOvirtEngines } from "./ovirt-engines.ts";

const never = new AbortController().signal;
let stack: AsyncDisposableStack;
let trust: EngineTrust;
let database: Database;
let engine: LocalEngine;
let registry: ManagerRegistry;
/** Who the engine is; one that has just come does not know the tokens of its predecessor. */
const says = { instanceId: "I1", isNew: false };

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  Object.assign(says, { instanceId: "I1", isNew: false });
  trust = await makeEngineTrust();
  database = stack.use(await openDatabase(":memory:", systemClock));
  engine = stack.use(
    await startLocalEngine(trust.certificate, ({ path }) => {
      const isNew = says.isNew;
      says.isNew = false;
      if (isNew) return { status: 401, text: "" };
      return { status: 200, json: path.endsWith("/api") ? { ...root, instance_id: says.instanceId } : {} };
    }),
  );
  registry = stack.use(await open());
  const anchors = { apiAnchorPem: trust.ca.cert, imageioAnchorPem: trust.ca.cert };
  await registry.add({ name: "prod", url: engine.url, username: "admin@internal", password, ...anchors }, never);
});
afterEach(async () => {
  await stack.disposeAsync();
});

const open = (): Promise<ManagerRegistry> =>
  openManagerRegistry({
    database,
    engines: createOvirtEngines(systemClock, silentLogger),
    secrets: createSecretBox(new Uint8Array(32)),
    clock: systemClock,
    log: silentLogger,
    random: systemRandom,
  });

const replaceEngine = (instanceId: string): void => {
  Object.assign(says, { instanceId, isNew: true });
};

const trusted = (engineInstanceId: string) => {
  const { apiAnchorPem, imageioAnchorPem, managerId } = registry.get("prod").record;
  return registry.trust(managerId, { engineInstanceId, apiAnchorPem, imageioAnchorPem }, never);
};

test("another engine at the address stops with both ids, over a restart too, and its return mends it", async () => {
  replaceEngine("I2");
  const manager = registry.get("prod");
  const reason = "another engine answers: its instance id is I2, the manager's is I1";
  await expect(manager.refresh(never)).rejects.toMatchObject({ code: "MANAGER_REPLACED", message: reason });
  expect(manager.condition).toEqual({ state: "replaced", reason });
  await expect(registry.edit(manager.record.managerId, { name: "other" }, never)).rejects.toMatchObject({
    code: "MANAGER_REPLACED",
  });

  await using restarted = await open();
  const before = apiCalls(engine).length;
  await expect(restarted.get("prod").refresh(never)).rejects.toMatchObject({ code: "MANAGER_REPLACED" });
  expect(apiCalls(engine).slice(before)).toMatchObject([{ method: "GET", path: "/ovirt-engine/api" }]);

  replaceEngine("I1");
  await manager.refresh(never);
  expect(manager.condition).toEqual({ state: "connected", reason: "" });
  expect(manager.record.era).toBe(0);
});

test("the engine that an operator trusts is taken over, in a new era that a restart keeps", async () => {
  replaceEngine("I2");
  await expect(registry.get("prod").refresh(never)).rejects.toMatchObject({ code: "MANAGER_REPLACED" });
  const { managerId, apiAnchorPem } = registry.get("prod").record;
  expect(await registry.whoAnswers(managerId, { apiAnchorPem }, never)).toMatchObject({ instanceId: "I2" });
  expect(registry.get("prod").record.engineInstanceId).toBe("I1");

  const manager = await trusted("I2");
  expect(manager.condition).toMatchObject({ state: "connected" });
  expect(manager.record).toMatchObject({ managerId, engineInstanceId: "I2", era: 1 });
  await using restarted = await open();
  expect(restarted.get("prod").record).toMatchObject({ managerId, engineInstanceId: "I2", era: 1 });
});

test("an engine that is yet another one by then is not trusted, and nothing changes", async () => {
  replaceEngine("I3");
  await expect(trusted("I2")).rejects.toMatchObject({ code: "MANAGER_REPLACED" });
  expect(registry.get("prod").record).toMatchObject({ engineInstanceId: "I1", era: 0 });
});

test("an engine that is connected already is not trusted a second time", async () => {
  await using second = await startLocalEngine(trust.certificate, ({ path }) => ({
    status: 200,
    json: path.endsWith("/api") ? { ...root, instance_id: "I2" } : {},
  }));
  const { apiAnchorPem, imageioAnchorPem } = registry.get("prod").record;
  const definition = { name: "two", url: second.url, username: "admin@internal", password };
  await registry.add({ ...definition, apiAnchorPem, imageioAnchorPem }, never);
  replaceEngine("I2");
  await expect(trusted("I2")).rejects.toMatchObject({
    code: "ALREADY_EXISTS",
    message: expect.stringContaining("connected as two") as unknown,
  });
});

test("of two changes that were proved at one moment one is kept, and no era is put back", async () => {
  const { managerId } = registry.get("prod").record;
  const both = await Promise.allSettled([registry.edit(managerId, { name: "renamed" }, never), trusted("I1")]);
  expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  const [refused] = both.filter((one) => one.status === "rejected");
  expect(refused?.reason).toMatchObject({ code: "FAILED_PRECONDITION" });
});
