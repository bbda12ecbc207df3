import { join } from "node:path";
import { startProcess } from "@holdfast/shared/process/child-process";
import { projectRoot } from "@holdfast/shared/process/testing/program-files";
import { expect, test } from "vitest";
import { standsStill } from "../harness/freeze.ts";
import { canMountImages, type LoopImage, openLoopImage } from "../harness/loop-image.ts";
import { runWell } from "../harness/run-program.ts";
import { rollDice } from "../harness/seed.ts";
import { openTestRun, type TestRun } from "../harness/test-run.ts";

const MiB = 1024 * 1024;
const failures = process.env["HOLDFAST_SOAK"] === "1" ? 120 : 6;
const programWithinMs = 60_000;

/** Arguments of Node for one of the programs that stand beside the collector. */
const programOf = (name: string): readonly string[] => [
  "--conditions=source",
  join(projectRoot, "repository/src/collection/testing", `${name}.ts`),
];

/** Steps of writing, counted from the first upload on, at which the collection begins, the second upload begins, and all stops. */
interface Moments {
  readonly collectAt: number;
  readonly lateAt: number;
  readonly stopAt: number;
}

/** Collects and revives in the folder until it stops itself; what it told, once it stands still or is at its end. */
const revive = async (
  run: TestRun,
  folder: string,
  { collectAt, lateAt, stopAt }: Moments,
  onStill: () => Promise<void>,
): Promise<readonly string[]> => {
  const lines: string[] = [];
  await using child = await startProcess({
    name: "revive-chunks",
    command: process.execPath,
    args: [...programOf("revive-chunks"), folder, ...[collectAt, lateAt, stopAt].map(String)],
    env: run.env,
    onLine: (line) => lines.push(line),
  });
  const ended = await Promise.race([child.exited, standsStill(child)]);
  if (ended && ended.code !== 0) throw new Error(`revive-chunks ended: ${lines.join("\n")}`);
  await onStill();
  child.kill("SIGKILL");
  await child.exited;
  return lines;
};

const numberAfter = (word: string, lines: readonly string[]): number =>
  Number(lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1));

const committedIn = (lines: readonly string[]): readonly string[] =>
  lines.filter((line) => line.startsWith("committed ")).map((line) => line.slice("committed ".length));

/** The power goes while a collection and uploads that use its garbage again are at one step; what is told as committed must be there. */
const failOnce = async (run: TestRun, disk: LoopImage, turn: number, at: Moments): Promise<readonly string[]> => {
  const folder = join(disk.mountPoint, `s${turn}`);
  const copy = join(run.dir, `disk-${turn}.img`);
  const committed = committedIn(await revive(run, folder, at, () => disk.copyTo(copy)));
  await disk.replaceBy(copy);
  const args = [...programOf("check-revived"), folder, ...committed];
  const name = `check-revived ${JSON.stringify(at)}`;
  await runWell({ name, command: process.execPath, args, env: run.env }, AbortSignal.timeout(programWithinMs));
  return committed;
};

test.skipIf(!(await canMountImages()))(
  "a chunk that a collection condemned, or was about to, and an upload uses again, is there after a power failure at any step (R9)",
  { timeout: failures * 30_000 + 60_000 },
  async () => {
    const dice = rollDice("revived-chunks");
    await using run = await openTestRun();
    await using disk = await openLoopImage(run.dir, "disk", 128 * MiB);
    const never = { collectAt: 0, lateAt: 0, stopAt: -1 };
    const steps = numberAfter("steps", await revive(run, join(disk.mountPoint, "whole"), never, async () => undefined));
    expect(steps).toBeGreaterThan(40);
    const third = Math.floor(steps / 3);
    const seen: string[] = [];
    for (let turn = 0; turn < failures; turn += 1) {
      // In the last turn nothing stops before all is done.
      const stopAt = Math.floor(((turn + dice.below(1_000) / 1_000) * steps) / (failures - 1));
      const collectAt = dice.below(third);
      const at = { collectAt, lateAt: collectAt + dice.below(third), stopAt };
      const committed = await failOnce(run, disk, turn, at);
      seen.push(...committed);
      process.stderr.write(`revived-chunks: ${JSON.stringify(at)} of ${steps}: ${committed.join(" ")}\n`);
    }
    expect(new Set(seen)).toEqual(new Set(["early", "late"]));
  },
);
