import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { engineRoleName, neededPermits } from "@holdfast/shared/rights/needed-permits";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runProgram } from "../harness/run-program.ts";
import { ApiClient, type Tree } from "../simulator/testing/api-client.ts";
import { type Lab, smallConfig, startLab } from "../simulator/testing/lab.ts";

const script = join(import.meta.dirname, "../../../deploy/engine/create-role.sh");
const wanted = neededPermits.map(({ permit }) => permit);

let lab: Lab;
let admin: ApiClient;

beforeAll(async () => {
  lab = await startLab(
    smallConfig({
      users: [
        { name: "admin@internal", password: "secret & more", roles: [{ role: "SuperUser" }] },
        { name: "holdfast@internal", password: "h" },
        { name: "other@internal", password: "o" },
      ],
    }),
  );
  admin = new ApiClient(lab);
  await admin.login("admin@internal", "secret & more");
  await writeFile(join(lab.directory, "password"), "secret & more\n", { mode: 0o600 });
});

afterAll(async () => {
  await admin[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const run = (...args: readonly string[]) =>
  runProgram({ name: "create-role.sh", command: "/bin/sh", args: [script, ...args] }, AbortSignal.timeout(60_000));

const create = (user: string, passwordFile = join(lab.directory, "password"), ...more: string[]) => {
  const { engine, apiCaFile } = lab.addresses;
  return run("--engine", engine, "--cacert", apiCaFile, "--password-file", passwordFile, "--user", user, ...more);
};

const roles = async (): Promise<readonly Tree[]> =>
  (await admin.get("/roles")).json.role.filter(({ name }: Tree) => name === engineRoleName);

const permitsOf = async (roleId: string): Promise<readonly string[]> =>
  (await admin.get(`/roles/${roleId}/permits`)).json.permit.map(({ name }: Tree) => name);

test("the script names the permits of the table, and none besides", async () => {
  const { code, stdout } = await run("--list");
  expect([code, stdout.trim().split("\n")]).toEqual([0, wanted]);
});

test("an engine without the role gets it, with its permits alone, and the user has it on the system", async () => {
  expect(await create("holdfast@internal")).toMatchObject({ code: 0, stderr: "" });
  const [role, ...others] = await roles();
  expect([role.administrative, others]).toEqual(["true", []]);
  expect((await permitsOf(role.id)).toSorted()).toEqual(wanted.toSorted());
  const least = new ApiClient(lab);
  expect(await least.login("holdfast@internal", "h")).toMatchObject({ status: 200 });
  expect((await least.get("/hosts")).json.host).toHaveLength(2);
  const event = { origin: "x", custom_id: "1", severity: "normal", description: "d" };
  expect((await least.post("/events", event)).status).toBe(201);
  expect((await least.post("/roles", { name: "mine", administrative: "false" })).status).toBe(403);
  await least[Symbol.asyncDispose]();
});

test("run again it changes nothing, adds a permit that went, and tells of one that is too many", async () => {
  const [role] = await roles();
  const permits: readonly Tree[] = (await admin.get(`/roles/${role.id}/permits`)).json.permit;
  const gone = permits.find(({ name }) => name === "backup_disk");
  await admin.delete(`/roles/${role.id}/permits/${gone.id}`);
  await admin.post(`/roles/${role.id}/permits`, { name: "migrate_vm" });
  const { code, stdout, stderr } = await create("holdfast@internal");
  expect([code, stdout.trim().split("\n")]).toEqual([
    0,
    [
      `permit backup_disk was added to role ${engineRoleName}`,
      `user holdfast@internal has role ${engineRoleName} on the system`,
    ],
  ]);
  expect(stderr).toBe(`role ${engineRoleName} also holds migrate_vm, which Holdfast does not need`);
  expect((await permitsOf(role.id)).toSorted()).toEqual([...wanted, "migrate_vm"].toSorted());
});

test("a user whom the engine does not know yet is made known, and a second one shares the role", async () => {
  const known: readonly Tree[] = (await admin.get("/users")).json.user;
  await admin.delete(`/users/${known.find(({ principal }) => principal === "other").id}`);
  expect(await create("other@internal")).toMatchObject({ code: 0, stderr: expect.any(String) });
  const again: readonly Tree[] = (await admin.get("/users")).json.user;
  const { id } = again.find(({ principal }) => principal === "other");
  expect((await admin.get(`/users/${id}/permissions`)).json.permission).toHaveLength(1);
  expect(await roles()).toHaveLength(1);
});

test("a wrong password and an administrator who may not make roles end it with what the engine said", async () => {
  const wrong = join(lab.directory, "wrong");
  await writeFile(wrong, "nonsense\n", { mode: 0o600 });
  expect(await create("holdfast@internal", wrong)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("admin@internal is not let in"),
  });
  await writeFile(wrong, "h\n", { mode: 0o600 });
  const refused = await create("other@internal", wrong, "--admin", "holdfast@internal", "--role", "Another");
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("POST /roles: 403") });
});

test("an engine whose certificate nobody vouches for is not called out of reach: the CA is asked for", async () => {
  const password = join(lab.directory, "password");
  const asked = ["--engine", lab.addresses.engine, "--password-file", password, "--user", "holdfast@internal"];
  const { code, stderr } = await run(...asked);
  expect(code).toBe(1);
  expect(stderr).toContain("is not trusted: give the CA that signs it by --cacert");
  expect(stderr).not.toContain("cannot be reached");
});

test("the administrator is logged out at the end, also when the engine refuses something", async () => {
  const logOuts = async (): Promise<number> =>
    (await lab.control.counters()).calls["POST /ovirt-engine/services/sso-logout"] ?? 0;
  const before = await logOuts();
  expect(await create("holdfast@internal")).toMatchObject({ code: 0 });
  expect(await logOuts()).toBe(before + 1);
  const weak = join(lab.directory, "weak");
  await writeFile(weak, "h\n", { mode: 0o600 });
  const refused = await create("other@internal", weak, "--admin", "holdfast@internal", "--role", "Another");
  expect(refused.code).toBe(1);
  expect(await logOuts()).toBe(before + 2);
});
