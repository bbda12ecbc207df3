import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ChildProcess, startProcess } from "@holdfast/shared/process/child-process";
import type { ReadyLine } from "@holdfast/shared/process/ready";
import { programArguments } from "./programs.ts";
import { type Said, runProgram } from "./run-program.ts";
import type { TestRun } from "./test-run.ts";
import { until } from "./until.ts";

/** The programs that standalone keeps running. */
export const standalonePrograms = ["nats-server", "repository", "controller", "agent"] as const;
/** One of them. */
export type StandaloneProgram = (typeof standalonePrograms)[number];

/** A `holdfast standalone` as a process, and the command line beside it. */
export interface Standalone extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly ready: ReadyLine;
  readonly dataDir: string;
  /** Environment that the command line finds this installation by. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs `holdfast` with these arguments to its end. */
  readonly holdfast: (...args: readonly string[]) => Promise<Said>;
  /** Pid of the newest process of a program that serves, as standalone's log tells it. */
  readonly pidOf: (program: StandaloneProgram) => Promise<number | undefined>;
}

/** What may be chosen. */
export interface StandaloneSpec {
  readonly run: TestRun;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Ends commands under way. */
  readonly signal?: AbortSignal;
}

const readyWithinMs = 60_000;

/** Starts an installation in `holdfast` below the run's folder, and waits until it serves. */
export const openStandalone = async (spec: StandaloneSpec): Promise<Standalone> => {
  const { run, args = [], signal = new AbortController().signal } = spec;
  const dataDir = join(run.dir, "holdfast");
  const env = {
    ...run.env,
    HOLDFAST_REPOSITORY_LOW_WATER_BYTES: "0",
    HOLDFAST_REPOSITORY_RESERVE_BYTES: "0",
    ...spec.env,
    HOLDFAST_DATA_DIR: dataDir,
  };
  const holdfast: Standalone["holdfast"] = (...command) =>
    runProgram(
      { name: "holdfast", command: process.execPath, args: [...programArguments("cli/main"), ...command], env },
      signal,
    );
  const child = await startProcess({
    name: "holdfast standalone",
    command: process.execPath,
    args: [...programArguments("cli/main"), "standalone", ...args],
    env,
    logFile: join(run.dir, "standalone.log"),
    graceMs: 30_000,
  });
  try {
    const ready = await child.ready(readyWithinMs, signal);
    return {
      child,
      ready,
      dataDir,
      env,
      holdfast,
      pidOf: (program) => newestPid(join(dataDir, "logs", "standalone.log"), program),
      [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
    };
  } catch (caught) {
    await child[Symbol.asyncDispose]();
    throw caught;
  }
};

const newestPid = async (logFile: string, program: string): Promise<number | undefined> => {
  const lines = (await readFile(logFile, "utf8")).split("\n").filter((line) => line.includes('"process serves"'));
  return lines
    .map((line) => JSON.parse(line) as { readonly program: string; readonly processId: number })
    .findLast((line) => line.program === program)?.processId;
};

/** Kills a program with SIGKILL and waits until another process of it serves. */
export const killAndWait = async (standalone: Standalone, program: StandaloneProgram): Promise<void> => {
  const before = await standalone.pidOf(program);
  if (before === undefined) throw new Error(`${program} does not serve`);
  process.kill(before, "SIGKILL");
  await until(`${program} to serve again`, async () => (await standalone.pidOf(program)) !== before);
};
