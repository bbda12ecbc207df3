import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { InventoryService } from "@holdfast/proto/holdfast/controller/v1/inventory_pb";
import { type Manager, ManagerService } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { RepositoryRegistryService } from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import type { Session } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { engineUser } from "../harness/lab.ts";
import { describeSession, present, quietMoment } from "../harness/operator.ts";
import { type Stage, openStage } from "../harness/stage.ts";
import { until } from "../harness/until.ts";

const call = { timeoutMs: 60_000 };
const inventoryEveryMs = 200;

let stage: Stage;

beforeAll(async () => {
  stage = await openStage({
    agents: ["east-1"],
    controllerEnv: {
      HOLDFAST_CONTROLLER_INVENTORY_EVERY_MS: String(inventoryEveryMs),
      HOLDFAST_CONTROLLER_WORK_PREFLIGHT_PATIENCE_MS: "1000",
    },
  });
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

const managers = () => stage.installation.api.service(ManagerService);
const manager = async (): Promise<Manager> =>
  present((await managers().getManager({ manager: "ovirt" }, call)).manager);

/** What an operator would say of the lab under another name. */
const secondManager = async () => {
  const { apiCaFile, imageioCaFile, engine } = stage.lab.addresses;
  return {
    name: "second",
    url: engine,
    username: engineUser.name,
    password: engineUser.password,
    apiAnchorPem: await readFile(apiCaFile, "utf8"),
    imageioAnchorPem: await readFile(imageioCaFile, "utf8"),
  };
};

const logins = async (): Promise<number> =>
  Object.entries((await stage.lab.control.counters()).calls)
    .filter(([route]) => route.includes("/sso/"))
    .reduce((sum, [, count]) => sum + count, 0);

/** What a failed task said last. */
const failure = (session: Session): string | undefined => {
  expect(session.result, describeSession(session)).toBe(Result.FAILED);
  return session.tasks[0]?.remarks.findLast(({ level }) => level === "error")?.code;
};

test("a manager that is added with a wrong password: tried once, and not kept (R14)", async () => {
  const { lab } = stage;
  await expect(managers().addManager({ ...(await secondManager()), password: "wrong" }, call)).rejects.toMatchObject({
    code: "ENGINE_CREDENTIALS_REFUSED",
  });
  expect(await lab.control.accounts()).toEqual({ [engineUser.name]: { wrong: 1, locked: false } });
  expect((await managers().listManagers({}, call)).managers).toHaveLength(1);
  await lab.control.unlockAccount(engineUser.name);
});

test("a password that is changed on the engine: tried once, waits for an operator over a restart, and an edit cures it (R14)", async () => {
  const { lab, installation } = stage;
  const vm = await stage.addVm("password");
  await lab.control.setPassword(engineUser.name, "new-password");
  await lab.control.expireTokens();
  await until("the manager to wait for an operator", async () => (await manager()).state === "credentials-refused");
  expect(failure(await stage.backUp(vm))).toBe("ENGINE_CREDENTIALS_REFUSED");

  await installation.controller.stop();
  await installation.controller.start();
  expect(await manager()).toMatchObject({ state: "credentials-refused" });
  await expect(
    Array.fromAsync(installation.api.service(InventoryService).listVms({ refresh: true }, call)).then(() => manager()),
  ).resolves.toMatchObject({ state: "credentials-refused" });
  await quietMoment(5 * inventoryEveryMs);
  expect(await lab.control.accounts()).toEqual({ [engineUser.name]: { wrong: 1, locked: false } });

  await managers().editManager({ manager: "ovirt", password: "new-password" }, call);
  expect(await manager()).toMatchObject({ state: "connected" });
  await stage.operator.waitForAgents("east-1");
  const session = await stage.backUp(vm);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  await stage.expectSound(vm, 1);
  await lab.control.setPassword(engineUser.name, engineUser.password);
  await managers().editManager({ manager: "ovirt", password: engineUser.password }, call);
});

test("an API whose certificate the pinned anchor did not sign: untrusted, and no password is sent", async () => {
  const { lab } = stage;
  await lab.control.resetCounters();
  const definition = await secondManager();
  await expect(
    managers().addManager({ ...definition, apiAnchorPem: definition.imageioAnchorPem }, call),
  ).rejects.toMatchObject({ code: "ENGINE_UNTRUSTED" });
  await expect(
    managers().editManager({ manager: "ovirt", apiAnchorPem: definition.imageioAnchorPem }, call),
  ).rejects.toMatchObject({ code: "ENGINE_UNTRUSTED" });
  expect(await logins()).toBe(0);
  expect((await managers().listManagers({}, call)).managers).toHaveLength(1);
});

test("hosts whose certificates the pinned anchor did not sign: untrusted, and nothing is left", async () => {
  const vm = await stage.addVm("untrusted-hosts");
  const { apiAnchorPem, imageioAnchorPem } = await secondManager();
  await managers().editManager({ manager: "ovirt", imageioAnchorPem: apiAnchorPem }, call);
  expect(failure(await stage.backUp(vm))).toBe("ENGINE_UNTRUSTED");
  await stage.expectSound(vm, 0);

  await managers().editManager({ manager: "ovirt", imageioAnchorPem }, call);
  const session = await stage.backUp(vm);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  await stage.expectSound(vm, 1);
});

test("a manager that is not there: unreachable, at once when added, after patience in a session", async () => {
  const { engineRelay } = stage;
  const vm = await stage.addVm("unreachable");
  const nobody = { ...(await secondManager()), url: "https://127.0.0.1:1" };
  await expect(managers().addManager(nobody, call)).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });

  engineRelay.setRefusing(true);
  expect(failure(await stage.backUp(vm))).toBe("ENGINE_UNREACHABLE");
  await until("the manager to be seen as unreachable", async () => (await manager()).state === "unreachable");
  engineRelay.setRefusing(false);
  await until("the manager to be connected again", async () => (await manager()).state === "connected");
  const session = await stage.backUp(vm);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  await stage.expectSound(vm, 1);
});

test("a VM that nobody knows, or nobody knows any more", async () => {
  const { lab, operator } = stage;
  await expect(operator.createJob("nobody", ["no-such-vm"])).rejects.toMatchObject({ code: "VM_NOT_FOUND" });
  const vm = await stage.addVm("removed", { status: "down" });
  await lab.control.removeVm(vm.id);
  expect(failure(await stage.backUp(vm))).toBe("VM_NOT_FOUND");
  await stage.expectSound(vm, 0);
});

test("a VM that previews a snapshot cannot be backed up: said so, the VM untouched, and cured by itself", async () => {
  const { lab } = stage;
  const vm = await stage.addVm("previewing");
  await lab.control.addSnapshot(vm.id, "before the update");
  await lab.control.setVm(vm.id, { previewing: true });
  await lab.control.resetCounters();
  expect(failure(await stage.backUp(vm))).toBe("VM_PREVIEWING");
  expect((await lab.control.counters()).calls["POST /vms/:vm/backups"]).toBeUndefined();
  await stage.expectSound(vm, 0);

  await lab.control.setVm(vm.id, { previewing: false });
  expect((await stage.backUp(vm)).result).toBe(Result.SUCCESS);
  await stage.expectSound(vm, 1);
});

test("a repository that cannot be reached: said so before the VM is touched", async () => {
  const { lab, installation } = stage;
  const vm = await stage.addVm("no-repository");
  await installation.repository.kill();
  await lab.control.resetCounters();
  expect(failure(await stage.backUp(vm))).toBe("REPOSITORY_UNREACHABLE");
  expect((await lab.control.counters()).calls["POST /vms/:vm/backups"]).toBeUndefined();

  await installation.repository.start();
  await until("the repository to be reached again", async () => {
    const { repository } = await installation.api
      .service(RepositoryRegistryService)
      .getRepository({ repository: "main" }, call);
    return repository?.state === "reachable";
  });
  const session = await stage.backUp(vm);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  await stage.expectSound(vm, 1);
});

test("a repository below its low-water mark: said so before the VM is touched", async () => {
  const { lab } = stage;
  const env = { HOLDFAST_REPOSITORY_LOW_WATER_BYTES: String(2 ** 52) };
  await stage.addRepository({ name: "low", env });
  const vm = await stage.addVm("low-water", { repository: "low" });
  await lab.control.resetCounters();
  expect(failure(await stage.backUp(vm))).toBe("REPOSITORY_FULL");
  expect((await lab.control.counters()).calls["POST /vms/:vm/backups"]).toBeUndefined();
  await stage.expectSound(vm, 0);
});

const mayMount = await promisify(execFile)("unshare", ["--map-root-user", "--mount", "true"]).then(
  () => true,
  () => false,
);

test.skipIf(!mayMount)(
  "a repository whose disk is full in the middle: said so, earlier points stay whole",
  async () => {
    await stage.addRepository({ name: "small", tmpfsMiB: 16 });
    const fits = await stage.addVm("fits", { repository: "small", filledMiB: 3 });
    const tooLarge = await stage.addVm("too-large", { repository: "small", sizeMiB: 24, filledMiB: 20 });
    expect((await stage.backUp(fits)).result).toBe(Result.SUCCESS);
    expect(failure(await stage.backUp(tooLarge))).toBe("REPOSITORY_FULL");
    await stage.expectSound(tooLarge, 0);

    await stage.change(fits, 5);
    const session = await stage.backUp(fits);
    expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
    await stage.expectSound(fits, 2);
  },
);
