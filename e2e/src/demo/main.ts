import { readFile, readdir, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { traitsOf } from "@holdfast/shared/errors/codes";
import { openTestRun } from "../harness/test-run.ts";
import type { Play } from "./acts.ts";
import { createNarrator } from "./narrator.ts";
import { closingText, playAll } from "./play.ts";
import { openDemoLab, openStage } from "./stage.ts";

const GiB = 1024 ** 3;
const neededBytes = 4 * GiB;
const seed = 20_260;

const interrupt = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.once(name, () => {
    interrupt.abort(new HoldfastError("CANCELLED", `the demo was ended by ${name}`));
  });
}

const demandRoom = async (): Promise<void> => {
  const { bavail, bsize } = await statfs(tmpdir());
  if (bavail * bsize >= neededBytes) return;
  throw new Error(`the demo needs ${neededBytes / GiB} GiB for a moment, ${tmpdir()} has less`);
};

/** The ends of the logs, for a failure: the folder itself is removed. */
const lastOfLogs = async (dir: string): Promise<string> => {
  const names = (await readdir(dir, { recursive: true })).filter((name) => name.endsWith(".log")).sort();
  const tails = await Promise.all(
    names.map(
      async (name) =>
        `-- ${name}\n${(await readFile(join(dir, name), "utf8")).trimEnd().split("\n").slice(-8).join("\n")}`,
    ),
  );
  return tails.join("\n");
};

const main = async (signal: AbortSignal): Promise<string> => {
  await demandRoom();
  const narrator = createNarrator(systemClock);
  await using run = await openTestRun();
  try {
    narrator.step("a simulated oVirt: two clusters, real QEMU disks, ext4 file systems made from a seed");
    await using lab = await openDemoLab(run, seed, signal);
    narrator.step("holdfast standalone: bus, repository, controller and one agent in cluster east");
    await using stage = await openStage(run, lab, signal);
    const play: Play = { stage, narrator, signal, rows: [], compared: 0 };
    await playAll(play);
    return await closingText(play);
  } catch (caught) {
    if (!signal.aborted) process.stderr.write(`${await lastOfLogs(run.dir)}\n`);
    throw caught;
  }
};

try {
  const closing = await main(interrupt.signal);
  process.stdout.write(`${closing}; nothing is left running\n`);
} catch (caught) {
  const error = HoldfastError.from(caught);
  const reason = caught instanceof Error ? caught.message : String(caught);
  process.stderr.write(`\nthe demo failed: ${reason}\n`);
  process.exitCode = traitsOf(error.code).exit;
}
