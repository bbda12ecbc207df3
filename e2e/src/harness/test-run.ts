import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@holdfast/shared/clock/clock";
import { randomName } from "@holdfast/shared/ids/ids";
import { findByEnvironment } from "@holdfast/shared/process/process-state";
import { root } from "./programs.ts";
import { type FoundSecret, searchForSecrets, secretsIn } from "./secret-search.ts";
import { type ProcessWatch, watchProcesses } from "./shown-by-processes.ts";

/** One story's folder and the mark that its processes carry. */
export interface TestRun extends AsyncDisposable {
  readonly id: string;
  /** Short, since unix sockets lie in it. */
  readonly dir: string;
  /** Environment of every process that the story starts. */
  readonly env: NodeJS.ProcessEnv;
}

const survivorsWithinMs = 30_000;
/** How often the command lines of the run's processes are looked at; seldom, since stories are short of processors. */
const watchEveryMs = 1_000;

/** Makes the folder; disposing removes it and fails when a process of the run is still there, or wrote a secret where none belongs (R12). */
export const openTestRun = async (): Promise<TestRun> => {
  const id = randomName(12);
  const dir = await mkdtemp(join(tmpdir(), "hf-"));
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith("HOLDFAST_") && !name.startsWith("VITEST"),
  );
  const watch = watchProcesses(id, watchEveryMs);
  return {
    id,
    dir,
    env: {
      ...Object.fromEntries(inherited),
      HOME: dir,
      UV_THREADPOOL_SIZE: "16",
      // Stories start hundreds of processes and threads: compiling the same files again took half of their time.
      NODE_COMPILE_CACHE: join(root, ".cache", "compiled"),
      HOLDFAST_TEST_RUN: id,
    },
    [Symbol.asyncDispose]: async () => {
      const survivors = await findSurvivors(id);
      await watch[Symbol.asyncDispose]();
      const secrets = [...(await searchForSecrets(dir)), ...secretsShown(watch)];
      if (process.env["HOLDFAST_KEEP"] === undefined) await rm(dir, { recursive: true, force: true, maxRetries: 3 });
      if (secrets.length > 0) throw new Error(`secrets where none belong: ${JSON.stringify(secrets)}`);
      if (survivors.length > 0) throw new Error(`processes of this run are still there: ${JSON.stringify(survivors)}`);
    },
  };
};

/** Secrets on command lines, which everybody on the machine may read. */
const secretsShown = (watch: ProcessWatch): readonly FoundSecret[] =>
  watch
    .seen()
    .filter(({ where }) => where.startsWith("the command line"))
    .flatMap(({ where, text }) => secretsIn(text).map((what) => ({ where, what })));

/** Children of a killed parent need a moment to follow it. */
const findSurvivors = async (id: string): Promise<readonly unknown[]> => {
  const untilMs = systemClock.monotonicMs() + survivorsWithinMs;
  for (;;) {
    const found = await findByEnvironment(`HOLDFAST_TEST_RUN=${id}`);
    if (found.length === 0 || systemClock.monotonicMs() > untilMs) return found;
    await systemClock.sleep(50);
  }
};
