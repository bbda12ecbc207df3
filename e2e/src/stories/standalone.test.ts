import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startProcess } from "@holdfast/shared/process/child-process";
import { findByEnvironment } from "@holdfast/shared/process/process-state";
import { expect, test } from "vitest";
import { findListeners } from "../harness/listeners.ts";
import { type Lab, engineUser, openLab, twoClusters } from "../harness/lab.ts";
import { present } from "../harness/operator.ts";
import { programArguments } from "../harness/programs.ts";
import { runProgram } from "../harness/run-program.ts";
import { type Standalone, killAndWait, openStandalone, standalonePrograms } from "../harness/standalone.ts";
import { type TestRun, openTestRun } from "../harness/test-run.ts";
import { until } from "../harness/until.ts";

const MiB = 1024 * 1024;

const smallLab = (run: TestRun): Promise<Lab> =>
  openLab(run, {
    ...twoClusters("lab"),
    vms: [vm("web-1", "east"), vm("db-1", "west")],
  });

const vm = (name: string, cluster: string) => ({
  name,
  cluster,
  status: "up" as const,
  disks: [{ alias: `${name}_root`, size: 16 * MiB, fill: { seed: name, bytes: 4 * MiB } }],
});

const inEast = ["--agent-name", "east-1", "--agent-manager", "lab", "--agent-cluster", "east"];

/** Runs a command that must succeed and gives its JSON. */
const json = async (standalone: Standalone, ...args: readonly string[]): Promise<Record<string, unknown>> => {
  const said = await standalone.holdfast(...args, "-o", "json");
  expect(said.code, `holdfast ${args.join(" ")}: ${said.stderr}`).toBe(0);
  return JSON.parse(said.stdout) as Record<string, unknown>;
};

const connect = async (run: TestRun, standalone: Standalone, { addresses }: Lab): Promise<void> => {
  const passwordFile = join(run.dir, "password");
  await writeFile(passwordFile, engineUser.password, { mode: 0o600 });
  const trust = ["--api-ca", addresses.apiCaFile, "--imageio-ca", addresses.imageioCaFile];
  const login = ["--user", engineUser.name, "--password-file", passwordFile];
  await json(standalone, "manager", "add", "lab", "--url", addresses.engine, ...login, ...trust);
};

const pidsOf = async (standalone: Standalone): Promise<readonly number[]> => {
  const pids: number[] = [];
  for (const program of standalonePrograms) pids.push(present(await standalone.pidOf(program)));
  return pids;
};

test("every process of a standalone has its own pid and log, listens on this machine only, and ends with it", async () => {
  await using run = await openTestRun();
  await using standalone = await openStandalone({ run, args: inEast });

  const pids = await pidsOf(standalone);
  expect(new Set([...pids, standalone.child.pid]).size).toBe(5);
  expect(await readdir(join(standalone.dataDir, "logs"))).toEqual(
    expect.arrayContaining([...standalonePrograms, "standalone"].map((name) => `${name}.log`)),
  );
  const listeners = await findListeners([standalone.child.pid, ...pids]);
  expect(listeners.length).toBeGreaterThan(0);
  expect(listeners.filter(({ isLoopback }) => !isLoopback)).toEqual([]);

  const second = await standalone.holdfast("standalone");
  expect(second.code).toBe(65);
  expect(second.stderr).toContain(`another holdfast standalone runs on ${standalone.dataDir}`);

  expect(await standalone.child.stop()).toEqual({ code: 0, signal: null });
  expect(await findByEnvironment(`HOLDFAST_TEST_RUN=${run.id}`)).toEqual([]);
});

test("each of its processes is started again when it is killed, and the installation works again", async () => {
  await using run = await openTestRun();
  await using lab = await smallLab(run);
  await using standalone = await openStandalone({ run, args: inEast });
  await connect(run, standalone, lab);
  await json(standalone, "job", "create", "nightly", "--vm", "web-1", "--repository", "main");

  for (const program of standalonePrograms) {
    await killAndWait(standalone, program);
    const { session } = await json(standalone, "job", "run", "nightly", "--wait");
    expect(session, program).toMatchObject({ result: "RESULT_SUCCESS" });
  }

  const { points } = await json(standalone, "point", "list", "--vm", "web-1");
  expect(points).toHaveLength(4);
  expect(points).not.toContainEqual(expect.not.objectContaining({ health: "good" }));
});

test("a second agent joins later and serves its own cluster", async () => {
  await using run = await openTestRun();
  await using lab = await smallLab(run);
  await using standalone = await openStandalone({ run, args: inEast });
  await connect(run, standalone, lab);
  await json(standalone, "job", "create", "west", "--vm", "db-1", "--repository", "main");
  const placement = async (): Promise<string> => {
    const { vms } = await json(standalone, "job", "plan", "west");
    return present((vms as readonly { readonly placement: string }[])[0]).placement;
  };
  expect(await placement()).toContain("agent of another cluster");

  const { joinToken } = await json(standalone, "agent", "invite", "--manager", "lab", "--cluster", "west");
  await using joined = await startProcess({
    name: "agent west-1",
    command: process.execPath,
    args: programArguments("agent/main"),
    env: {
      ...run.env,
      HOLDFAST_AGENT_NAME: "west-1",
      HOLDFAST_AGENT_DATA_DIR: join(run.dir, "west-1"),
      HOLDFAST_AGENT_JOIN_TOKEN: String(joinToken),
    },
    logFile: join(run.dir, "west-1.log"),
  });
  await joined.ready(30_000);
  await until("the second agent to be placed on", async () => (await placement()).includes("VM's cluster west"));

  const { session } = await json(standalone, "job", "run", "west", "--wait");
  expect(session).toMatchObject({ result: "RESULT_SUCCESS", tasks: [{ agentName: "west-1" }] });
});

test("killing a standalone takes its processes along, and what it knew is there at the next start", async () => {
  await using run = await openTestRun();
  const first = await openStandalone({ run, args: inEast });
  const before = await json(first, "repository", "show", "main");
  first.child.kill("SIGKILL");
  const isOver = async () => (await findByEnvironment(`HOLDFAST_TEST_RUN=${run.id}`)).length === 0;
  await until("its processes to follow it", isOver, 10_000);

  await using second = await openStandalone({ run, args: inEast });
  expect(second.ready).toEqual(first.ready);
  const after = await json(second, "repository", "show", "main");
  expect(after).toMatchObject({ repository: { repositoryId: idOf(before) } });
});

const idOf = (shown: Record<string, unknown>): unknown =>
  (shown["repository"] as { repositoryId: string }).repositoryId;

type Program = "controller" | "agent" | "repository";

/** What a program needs to be told besides what a test gets wrong. */
const neededBy = (run: TestRun): Readonly<Record<Program, Readonly<Record<string, string>>>> => ({
  controller: { DATA_DIR: join(run.dir, "controller"), RPC_LISTEN: "127.0.0.1:0" },
  agent: { DATA_DIR: join(run.dir, "agent"), NAME: "a", MANAGER: "lab", CLUSTER: "east" },
  repository: {
    DIRECTORY: join(run.dir, "repository"),
    INDEX_PATH: join(run.dir, "index"),
    LISTEN: "127.0.0.1:0",
    CREATE: "true",
  },
});

const startWrong = (run: TestRun, program: Program, settings: Readonly<Record<string, string>>) => {
  const named = Object.entries(settings).map(([name, value]) => [`HOLDFAST_${program.toUpperCase()}_${name}`, value]);
  return runProgram(
    {
      name: program,
      command: process.execPath,
      args: programArguments(`${program}/main`),
      env: { ...run.env, ...Object.fromEntries(named) },
    },
    AbortSignal.timeout(30_000),
  );
};

test.for<Program>(["controller", "repository", "agent"])(
  "%s without an identity, and without a token to get one, does not start",
  async (program) => {
    await using run = await openTestRun();
    const said = await startWrong(run, program, neededBy(run)[program]);

    expect(said.code, said.stdout).toBe(78);
    expect(said.stdout).toContain("IDENTITY_MISSING");
    expect(said.stdout).not.toContain('"ready":true');
  },
);

test.for<"repository" | "agent">(["repository", "agent"])("%s refuses what is no join token", async (program) => {
  await using run = await openTestRun();
  const said = await startWrong(run, program, { ...neededBy(run)[program], JOIN_TOKEN: "hfj1.bm90aGluZw" });

  expect(said.code, said.stdout).toBe(77);
  expect(said.stdout).toContain("JOIN_REFUSED");
  expect(said.stdout).not.toContain("bm90aGluZw");
});

test.for<[Program, Readonly<Record<string, string>>, readonly string[]]>([
  [
    "controller",
    { TIME_ZONE: "Europe/Atlantis", INVENTORY_EVERY_MS: "soon", RPC_LISTN: "127.0.0.1:0" },
    ["timeZone", "inventoryEveryMs", "HOLDFAST_CONTROLLER_RPC_LISTN"],
  ],
  [
    "agent",
    { NAME: "", SLOTS: "0", DISK_SERVICE_LISTN: "127.0.0.1:0" },
    ["name", "slots", "HOLDFAST_AGENT_DISK_SERVICE_LISTN"],
  ],
  ["repository", { CHUNK_SIZE: "1000", CREATE: "perhaps" }, ["chunkSize", "create", "directory", "indexPath"]],
])("a bad configuration of %s tells every problem at once", async ([program, settings, problems]) => {
  await using run = await openTestRun();
  const needed = program === "repository" ? {} : neededBy(run)[program];
  const said = await startWrong(run, program, { ...needed, ...settings });

  expect(said.code, said.stdout).toBe(78);
  for (const problem of problems) expect(said.stdout).toContain(problem);
});

test("a program of a standalone that cannot start ends it, with the place of its log", async () => {
  await using run = await openTestRun();
  const env = { HOLDFAST_REPOSITORY_INGEST_THREADS: "none" };

  await expect(openStandalone({ run, env })).rejects.toThrow(/repository ended with code 78 .*logs are in/);
  expect(await readFile(join(run.dir, "holdfast", "logs", "repository.log"), "utf8")).toContain("ingestThreads");
});
