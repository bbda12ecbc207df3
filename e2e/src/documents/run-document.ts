import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@holdfast/shared/clock/clock";
import { startProcess } from "@holdfast/shared/process/child-process";
import { findByEnvironment } from "@holdfast/shared/process/process-state";
import { root } from "../harness/programs.ts";
import type { TestRun } from "../harness/test-run.ts";
import { documentScript } from "./document-script.ts";
import { executedBlocks } from "./fenced-blocks.ts";

/** Executes the `sh` blocks of a document of the tree in an empty home, from the top of the tree; fails with the evidence. */
export const runDocument = async (run: TestRun, path: string, withinMs: number): Promise<void> => {
  const blocks = executedBlocks(await readFile(join(root, path), "utf8"));
  if (blocks.length === 0) throw new Error(`${path} has no block to execute`);
  const script = join(run.dir, ".document.sh");
  await writeFile(script, documentScript(blocks));

  const lines: string[] = [];
  await using shell = await startProcess({
    name: path,
    command: "bash",
    args: [script],
    cwd: root,
    env: emptyHome(run),
    onLine: (line) => lines.push(line),
  });
  let isLate = false;
  const cancel = systemClock.after(withinMs, () => {
    isLate = true;
    void endAll(run, "SIGTERM");
  });
  const exit = await shell.exited;
  cancel();
  if (exit.code === 0 && !isLate) return;

  await endAll(run, "SIGKILL");
  const how = isLate ? `took longer than ${withinMs} ms` : `ended with ${JSON.stringify(exit)}`;
  throw new Error([`${path} ${how}:`, ...lines.slice(-40), ...(await lastOfLogs(run.dir))].join("\n"));
};

/** Nothing of the caller's own settings may make a document work. */
const emptyHome = (run: TestRun): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(run.env).filter(([name]) => !name.startsWith("XDG_"))),
  ...(process.env["HOLDFAST_FROM_SOURCE"] === "1" && { HOLDFAST_FROM_SOURCE: "1" }),
});

const endAll = async (run: TestRun, signal: NodeJS.Signals): Promise<void> => {
  for (const { pid } of await findByEnvironment(`HOLDFAST_TEST_RUN=${run.id}`)) {
    try {
      process.kill(pid, signal);
    } catch (caught) {
      if (!(caught instanceof Error && "code" in caught && caught.code === "ESRCH")) throw caught;
    }
  }
};

/** The ends of the logs that a document's programs left in its home. */
const lastOfLogs = async (home: string): Promise<readonly string[]> => {
  const names = (await readdir(home, { recursive: true })).filter((name) => name.endsWith(".log"));
  const tails = await Promise.all(
    names.map(async (name) => [`-- ${name}`, ...(await readFile(join(home, name), "utf8")).split("\n").slice(-12)]),
  );
  return tails.flat();
};
