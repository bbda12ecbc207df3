import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BusSpy, openBusSpy } from "../harness/bus-spy.ts";
import { type CommandLine, openCommandLine } from "../harness/command-line.ts";
import { findDifference } from "../harness/compare-files.ts";
import { textsInDatabase } from "../harness/database-texts.ts";
import { formsOf, keepPassword, keysByName, runRepositoryProgram } from "../harness/encrypted-repository.ts";
import { type Installation, openInstallation, patientWithAgents } from "../harness/installation.ts";
import { type Lab, openLab, twoClusters } from "../harness/lab.ts";
import { type Operator, createOperator, describeSession, present } from "../harness/operator.ts";
import type { WrittenText } from "../harness/planted-secrets.ts";
import { readIfThere } from "../harness/secret-search.ts";
import { type TestRun, openTestRun } from "../harness/test-run.ts";

const MiB = 1024 * 1024;
const stack = new AsyncDisposableStack();
const password = `repository-${randomBytes(8).toString("hex")}`;
const nextPassword = `repository-${randomBytes(8).toString("hex")}`;

let run: TestRun;
let lab: Lab;
let installation: Installation;
let operator: Operator;
let spy: BusSpy;
let commands: CommandLine;
let directory = "";
let [passwordFile, wrongFile, nextFile] = ["", "", ""];

const vm = (name: string) => ({
  name,
  cluster: "east",
  status: "up" as const,
  disks: [{ alias: `${name}_root`, size: 12 * MiB, fill: { seed: "the same image", bytes: 6 * MiB } }],
});

beforeAll(async () => {
  run = stack.use(await openTestRun());
  directory = join(run.dir, "repository");
  passwordFile = await keepPassword(run, "right", password);
  wrongFile = await keepPassword(run, "wrong", `wrong-${password}`);
  nextFile = await keepPassword(run, "next", nextPassword);
  const made = await runRepositoryProgram(run, ["init", directory, "--encrypt", "--password-file", passwordFile]);
  expect(made.code, made.stderr).toBe(0);
  lab = stack.use(await openLab(run, { ...twoClusters("ovirt"), vms: [vm("payroll-1"), vm("ledger-2")] }));
  const agents = [{ name: "east-1", manager: "ovirt", cluster: "east" }];
  installation = stack.use(await openInstallation({ run, agents, controllerEnv: patientWithAgents }));
  spy = stack.use(await openBusSpy(installation));
  commands = openCommandLine(run, installation);
  operator = createOperator(installation);
  await operator.addManager(lab);
  await operator.waitForAgents("east-1");
});
afterAll(() => stack.disposeAsync());

const holdfast = async (line: string, code = 0): Promise<{ readonly stdout: string; readonly stderr: string }> => {
  const said = await commands(line.split(" "));
  expect(said.code, `holdfast ${line}: ${said.stderr}`).toBe(code);
  return said;
};

/** What a VM's one disk is at the next capture. */
const reference = async (name: string, label: string): Promise<string> => {
  const found = present((await lab.control.listVms()).find((one) => one.name === name));
  const folder = join(run.dir, "refs", `${name}-${label}`);
  await mkdir(folder, { recursive: true });
  await lab.control.copyAtReady(found.id, folder);
  return join(folder, `${present(found.disks[0]).id}.raw`);
};

const backUp = async (name: string, mode: string): Promise<void> => {
  const session = await operator.runJob(name);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  expect(session.tasks[0]?.disks[0]).toMatchObject({ mode });
};

const restored = async (name: string, label: string): Promise<string> => {
  const point = await operator.newestPoint(name);
  const session = await operator.restoreDisk(point.pointId, present(point.disks[0]).diskId);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  const copy = join(run.dir, `${name}-${label}.raw`);
  await lab.control.copyDisk(present(session.tasks[0]?.disks[0]).restoredDiskId, copy);
  return copy;
};

const change = async (name: string, seed: number): Promise<void> => {
  const { id } = present((await lab.control.listVms()).find((one) => one.name === name));
  await lab.control.startWriter(id, { seed, maxLengthBytes: MiB / 2 });
  await expect
    .poll(async () => (await lab.control.readWriter(id))[0]?.writes.length, { timeout: 20_000 })
    .toBeGreaterThan(4);
  await lab.control.stopWriter(id);
};

test("an encrypted repository is opened by its password alone", async () => {
  const add = `repository add main --address ${installation.repositoryAddress}`;
  expect((await holdfast(add, 77)).stderr).toContain("KEY_MISSING");
  expect((await holdfast(`${add} --password-file ${wrongFile}`, 77)).stderr).toContain("KEY_WRONG");
  expect((await holdfast(`${add} --password-file ${passwordFile}`)).stdout).toMatch(/encryption\s+open/);
});

test("VMs are backed up sealed, in full and incrementally, and restored bit for bit (R1)", async () => {
  for (const name of ["payroll-1", "ledger-2"]) await operator.createJob(name, [name]);
  // At the same time and of the same image: each comes upon chunks that the other stores.
  await Promise.all([backUp("payroll-1", "full"), backUp("ledger-2", "full")]);
  const [one, other] = await Promise.all(["payroll-1", "ledger-2"].map(operator.newestPoint));
  const stored = [one, other].reduce((sum, point) => sum + Number(present(point?.bytes).storedBytes), 0);
  expect(stored).toBe(6 * MiB);
  await change("payroll-1", 7);
  const wanted = await reference("payroll-1", "second");
  await backUp("payroll-1", "incremental");
  expect(await findDifference(await restored("payroll-1", "restored"), wanted)).toBeUndefined();

  const { pointId } = await operator.newestPoint("payroll-1");
  const exported = join(run.dir, "exported.raw");
  await holdfast(`point export ${pointId} --to ${exported}`);
  expect(await findDifference(exported, wanted)).toBeUndefined();
  const [listed] = await operator.points("ledger-2");
  expect(listed).toMatchObject({ vmName: "ledger-2", jobName: "ledger-2", disks: [{ alias: "ledger-2_root" }] });
});

test("a new key and a new password leave what was sealed before readable, and end the former password", async () => {
  await holdfast("repository key rotate main");
  await holdfast(`repository key change-password main --new-password-file ${nextFile}`);
  const status = JSON.parse((await holdfast("repository key status main -o json")).stdout) as { status: object };
  expect(status.status).toMatchObject({ state: "open", keyListNumber: 6, wraps: ["password", "recovery"] });

  await installation.controller.kill();
  await installation.controller.start();
  await operator.waitForAgents("east-1");
  await change("ledger-2", 9);
  const wanted = await reference("ledger-2", "third");
  await backUp("ledger-2", "incremental");
  expect(await findDifference(await restored("ledger-2", "restored"), wanted)).toBeUndefined();

  const { pointId } = await operator.newestPoint("ledger-2");
  const to = join(run.dir, "disks");
  const bare = ["export", directory, pointId, "--all", "--to", to, "--password-file"];
  const refused = await runRepositoryProgram(run, [...bare, passwordFile]);
  expect(refused).toMatchObject({ code: 77 });
  expect(refused.stderr).toContain("KEY_WRONG");
  const done = await runRepositoryProgram(run, [...bare, nextFile]);
  expect(done.code, done.stderr).toBe(0);
  const [disk = ""] = await readdir(to);
  expect(await findDifference(join(to, disk), wanted)).toBeUndefined();
});

/** Every file below a folder. */
const filesIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

test("the repository holds no name and no content that can be read", async () => {
  const content = await readFile(join(run.dir, "exported.raw"));
  const at = content.findIndex((byte, index) => index % 4096 === 0 && byte !== 0) + 64;
  const sample = content.subarray(at, at + 48);
  const needles = ["payroll-1", "ledger-2", "_root", "<ovf", sample].map((one) => Buffer.from(one));
  expect(new Set(sample).size).toBeGreaterThan(8);
  const files = await filesIn(directory);
  expect(files.some((file) => file.includes("/packs/")) && files.some((file) => file.endsWith(".point"))).toBe(true);
  for (const file of files) {
    const bytes = await readFile(file);
    expect(needles.filter((needle) => bytes.includes(needle)).map(String), file).toEqual([]);
  }
});

test("keys are in the orders of those who may have them, and in no log, row, file or other message", async () => {
  const keys = await keysByName(directory, nextPassword);
  const found = (texts: readonly WrittenText[]): readonly string[] =>
    texts.flatMap(({ where, text }) =>
      [...keys]
        .filter(([, key]) => formsOf(key).some((form) => text.includes(form)))
        .map(([name]) => `${name} in ${where}`),
    );
  const isAnswer = ({ where }: WrittenText): boolean => !where.startsWith("bus hf.v1.");
  const told = found(spy.heard().filter(isAnswer));
  expect(told.some((one) => one.startsWith("content key"))).toBe(true);
  expect(told.filter((one) => one.startsWith("the master key"))).toEqual([]);

  const files = (await filesIn(run.dir)).filter((file) => !/\/(?:lab-|refs\/|disks\/)|\.raw$/.test(file));
  const texts: WrittenText[] = [];
  for (const file of files) texts.push({ where: file, text: await readIfThere(file) });
  const rows = [join(installation.controllerDir, "controller.db"), join(run.dir, "index.sqlite")].flatMap(
    textsInDatabase,
  );
  expect(rows.some(({ where }) => where === "table repository_keys")).toBe(true);
  expect(found([...texts, ...rows, ...spy.heard().filter((one) => !isAnswer(one))])).toEqual([]);
});
