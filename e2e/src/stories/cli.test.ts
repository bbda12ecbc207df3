import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findProgram } from "@holdfast/shared/process/find-program";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { type Lab, engineUser, openLab, twoClusters } from "../harness/lab.ts";
import { programArguments, root } from "../harness/programs.ts";
import { runProgram } from "../harness/run-program.ts";
import { type Standalone, openStandalone } from "../harness/standalone.ts";
import { openTerminal } from "../harness/terminal.ts";
import { type TestRun, openTestRun } from "../harness/test-run.ts";

const MiB = 1024 * 1024;
const stack = new AsyncDisposableStack();
let run: TestRun;
let lab: Lab;
let standalone: Standalone;

const vm = (name: string, cluster: string) => ({
  name,
  cluster,
  status: "up" as const,
  disks: [{ alias: `${name}_root`, size: 16 * MiB, fill: { seed: name, bytes: 4 * MiB } }],
});

/** One installation for all: they only look at it, or make things of their own. */
beforeAll(async () => {
  run = stack.use(await openTestRun());
  lab = stack.use(await openLab(run, { ...twoClusters("lab"), vms: [vm("web-1", "east"), vm("db-1", "west")] }));
  standalone = stack.use(await openStandalone({ run, args: ["--agent-manager", "lab", "--agent-cluster", "east"] }));
  const { engine, apiCaFile, imageioCaFile } = lab.addresses;
  const trust = ["--api-ca", apiCaFile, "--imageio-ca", imageioCaFile];
  const login = ["--user", engineUser.name, "--password-file", await passwordFile()];
  await demand("manager", "add", "lab", "--url", engine, ...login, ...trust);
  await demand("job", "create", "nightly", "--vm", "web-1", "--repository", "main");
  await demand("job", "run", "nightly", "--wait");
});
afterAll(() => stack.disposeAsync());

const passwordFile = async (): Promise<string> => {
  const path = join(run.dir, "password");
  await writeFile(path, engineUser.password, { mode: 0o600 });
  return path;
};

const demand = async (...args: readonly string[]): Promise<string> => {
  const said = await standalone.holdfast(...args);
  expect(said.code, `holdfast ${args.join(" ")}: ${said.stderr}`).toBe(0);
  return said.stdout;
};

/** The command line as a shell's command, without the launchers. */
const commandOf = (...args: readonly string[]): string =>
  [process.execPath, ...programArguments("cli/main"), ...args].join(" ");

test.for<[string, string, string]>([
  ["manager list", "managers", "NAME"],
  ["repository list", "repositories", "NAME"],
  ["agent list", "agents", "NAME"],
  ["vm list", "vms", "NAME"],
  ["job list", "jobs", "NAME"],
  ["session list", "sessions", "SESSION"],
  ["point list", "points", "POINT"],
])("%s comes as a table, as JSON and as YAML of the same shape", async ([command, key, heading]) => {
  const words = command.split(" ");
  const json = JSON.parse(await demand(...words, "-o", "json")) as Record<string, readonly unknown[]>;
  const yaml = parse(await demand("--output", "yaml", ...words)) as Record<string, readonly unknown[]>;
  const [first = "", ...rows] = (await demand(...words)).split("\n");

  expect(Object.keys(yaml)).toEqual(Object.keys(json));
  expect(json[key]?.length).toBeGreaterThan(0);
  expect(yaml[key]).toHaveLength(json[key]?.length ?? 0);
  expect(first.startsWith(heading)).toBe(true);
  expect(rows).toHaveLength(json[key]?.length ?? 0);
});

test.for<[string, number, string]>([
  ["job show nothing", 66, "NOT_FOUND"],
  ["vm show nothing", 66, "VM_NOT_FOUND"],
  ["point show 00000000000000000000", 66, "POINT_NOT_FOUND"],
  ["job create nightly --vm web-1 --repository main", 73, "ALREADY_EXISTS"],
  ["job create other --vm web-1 --repository main --daily-at 25:99", 64, "INVALID_ARGUMENT"],
  ["job create other", 64, "INVALID_ARGUMENT"],
  ["job list -o xml", 64, "INVALID_ARGUMENT"],
  // The token of one controller is never shown to another.
  ["job list --controller 127.0.0.1:1", 77, "UNAUTHENTICATED"],
])("holdfast %s ends with code %i", async ([command, exit, code]) => {
  const said = await standalone.holdfast(...command.split(" "));
  expect(said.code, said.stderr).toBe(exit);
  expect(said.stdout).toBe("");
  expect(said.stderr).toContain(`(${code})`);
});

test("a controller that does not answer is said to be out of reach", async () => {
  const identity = join(standalone.dataDir, "controller", "identity");
  const shown = ["--token-file", join(identity, "admin.token"), "--ca-file", join(identity, "ca.pem")];
  const said = await standalone.holdfast("job", "list", "--controller", "127.0.0.1:1", ...shown);
  expect(said.code, said.stderr).toBe(69);
  expect(said.stderr).toContain("(UNAVAILABLE)");
});

test("a command line that nobody understands is told what there is", async () => {
  const said = await standalone.holdfast("job", "frobnicate");
  expect(said.code).toBe(64);
  expect(said.stderr).toContain("--help");
});

test("with -o json an error is JSON too, on standard error", async () => {
  const said = await standalone.holdfast("job", "show", "nothing", "-o", "json");
  expect(said.stdout).toBe("");
  expect(JSON.parse(said.stderr)).toMatchObject({ error: { code: "NOT_FOUND", retryable: false } });
});

test("a session that failed is a command that failed, with its reasons", async () => {
  const gone = await lab.control.addVm({ name: "gone-1", cluster: "east", disks: [{ size: MiB }] });
  await demand("job", "create", "gone", "--vm", "gone-1", "--repository", "main");
  await lab.control.removeVm(gone.id);

  const said = await standalone.holdfast("job", "run", "gone", "--wait", "-o", "json");
  expect(said.code, said.stderr).toBe(1);
  expect(JSON.parse(said.stdout)).toMatchObject({ session: { result: "RESULT_FAILED" } });
  expect(said.stdout).toContain("VM_NOT_FOUND");
});

test("the questions of job create make a job, and tell the command that makes the same", async () => {
  await using terminal = await openTerminal(commandOf("job", "create"), standalone.env);
  await terminal.untilShown("Name of the job: ");
  terminal.type("asked\n");
  await terminal.untilShown("db-1");
  await terminal.untilShown("Which (names, separated by commas): ");
  terminal.type("web-1, nobody\n");
  await terminal.untilShown("no such VM: nobody");
  await terminal.untilShown("Which (names, separated by commas): ");
  terminal.type("web-1, db-1\n");
  await terminal.untilShown("Destination [main]: ");
  terminal.type("\n");
  await terminal.untilShown("Every day at");
  terminal.type("23:15\n");
  await terminal.untilShown("how many days [14]: ");
  terminal.type("30\n");
  const command = "job create asked --vm web-1 --vm db-1 --repository main --daily-at 23:15 --keep-days 30";
  await terminal.untilShown(`holdfast ${command}`);
  await terminal.untilShown("Create this job? [yes/no] ");
  terminal.type("yes\n");
  expect(await terminal.ended).toBe(0);

  const asked = JSON.parse(await demand("job", "show", "asked", "-o", "json")) as { job: { definition: object } };
  await demand("job", "remove", "asked");
  await demand(...command.split(" "));
  const told = JSON.parse(await demand("job", "show", "asked", "-o", "json")) as { job: { definition: object } };
  expect(told.job.definition).toEqual(asked.job.definition);
  expect(told.job.definition).toMatchObject({
    dailyAt: "23:15",
    keepDays: 30,
    vms: [expect.any(String), expect.any(String)],
  });
});

test("on a terminal a run is drawn, elsewhere it is told in plain lines", async () => {
  await using terminal = await openTerminal(commandOf("job", "run", "nightly", "--wait"), standalone.env);
  expect(await terminal.ended, terminal.shown()).toBe(0);
  expect(terminal.shown()).toMatch(/web-1_root +\[#+\.*\] +\d+ %/);

  const said = await standalone.holdfast("job", "run", "nightly", "--wait");
  expect(said.stderr).toMatch(/^session \w+ ended: 1 of 1 VMs done/m);
  expect(said.stderr).not.toContain("[#");
  expect(said.stdout).toMatch(/^result +success$/m);
});

test("bash completes nouns, verbs and options", async () => {
  const script = join(run.dir, "holdfast.bash");
  await writeFile(script, await demand("completion", "bash"));
  const parsed = await runProgram({ name: "bash", command: "bash", args: ["-n", script] }, AbortSignal.timeout(10_000));
  expect(parsed).toEqual({ code: 0, stdout: "", stderr: "" });

  await using terminal = await openTerminal("bash --norc --noprofile -i", {
    ...standalone.env,
    PATH: `${join(root, "bin")}:${process.env["PATH"] ?? ""}`,
  });
  // The quotes keep the echo of this line from looking like the prompt.
  terminal.type("PS1='rea''dy> '\n");
  await terminal.untilShown("ready> ");
  terminal.type(`source ${script}\n`);
  await terminal.untilShown("ready> ");
  terminal.type("holdfast job ru\t--wa\t");
  await terminal.untilShown("holdfast job run --wait");
  terminal.type("\u0015holdfast job r\t\t");
  await terminal.untilShown("remove");
  terminal.type("\u0015exit\n");
  await terminal.ended;
});

test("zsh takes the completion script", async () => {
  const zsh = await findProgram("zsh");
  const script = join(run.dir, "_holdfast");
  await writeFile(script, await demand("completion", "zsh"));
  const shell = zsh ?? "bash";
  const parsed = await runProgram({ name: shell, command: shell, args: ["-n", script] }, AbortSignal.timeout(10_000));
  expect(parsed).toEqual({ code: 0, stdout: "", stderr: "" });
});
