import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DirectoryObjectStore } from "../store/directory-object-store.ts";
import { systemFiles } from "../store/durable-files.ts";
import { openRepositoryStore, ownRepository } from "../store/open-repository-store.ts";
import { inputOutput, ObservedFiles } from "../store/testing/observed-files.ts";
import { commitSample, sampleAttempt, temporaryFolder } from "../store/testing/sample-repository.ts";
import { openCollecting } from "./testing/collecting.ts";
import { expectCollected, expectWhole, makeGarbage, optionsOf } from "./testing/garbage.ts";

const seed = Number(process.env["HOLDFAST_SEED"] ?? 1);
const isSoak = process.env["HOLDFAST_SOAK"] === "1";
/** Seconds on an idle machine, an hour for each pair; the deadline is for a crowded one. */
const deadlineMs = isSoak ? 14_400_000 : 90_000;

/** Random numbers below `limit` that the same seed always gives. */
const seeded = (from: number): ((limit: number) => number) => {
  let state = from >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
};

/** How a run of a server ends: at a step of writing, which is torn when it is a write; without power nothing unsynced is left. */
interface Crash {
  readonly at: number;
  readonly losesPower: boolean;
}

/** A server from its start through a backup and a collection, which uses garbage again and takes what is left of it. */
const runUntil = async (
  folder: string,
  number: number,
  { at, losesPower }: Crash,
): Promise<{ readonly steps: number; readonly isAcknowledged: boolean }> => {
  if (losesPower) await cp(join(folder, "index"), join(folder, "old-index"));
  let isAcknowledged = false;
  const files: ObservedFiles = new ObservedFiles(systemFiles, (step) => {
    if (step.number < at) return "pass";
    files.stop();
    return step.step === "write" ? "torn" : inputOutput();
  });
  try {
    await using store = await ownRepository(new DirectoryObjectStore(join(folder, "r"), { files }), optionsOf(folder));
    await commitSample(store, { attempt: sampleAttempt("during", number), seeds: [2, 0, 5] });
    isAcknowledged = true;
    await (await openCollecting(store)).collect();
  } catch (caught) {
    if (!files.stopped) throw caught;
  }
  if (losesPower) {
    await files.losePower();
    // The index lost all its transactions of this run.
    for (const suffix of ["-wal", "-shm"]) await rm(join(folder, `index${suffix}`), { force: true });
    await cp(join(folder, "old-index"), join(folder, "index"));
  }
  return { steps: files.steps.length, isAcknowledged };
};

/** Nobody is needed, what was acknowledged is whole, and the task ends with one point. */
const expectRecovery = async (folder: string, isAcknowledged: boolean): Promise<void> => {
  await using store = await openRepositoryStore(join(folder, "r"), optionsOf(folder));
  expect(await expectWhole(store)).toEqual(expect.arrayContaining(isAcknowledged ? ["during", "kept"] : ["kept"]));
  await commitSample(store, { attempt: sampleAttempt("during", 3), seeds: [2, 0, 5] });
  await (await openCollecting(store)).collect();
  expect(await expectWhole(store)).toEqual(["during", "kept"]);
  await expectCollected(store);
  await store.rebuildIndex();
  expect(await expectWhole(store)).toEqual(["during", "kept"]);
};

/** The pairs of steps to crash at: each of them in a soak, else eight spread over the first steps. */
const pairsOf = (steps: number, random: (limit: number) => number): readonly (readonly [number, number])[] => {
  const all = Array.from({ length: steps }, (_, step) => step);
  if (isSoak) return all.flatMap((first) => all.map((second) => [first, second] as const));
  const parts = 8;
  return Array.from({ length: parts }, (_, part) => {
    const first = Math.floor(((part + random(1_000) / 1_000) * steps) / parts);
    return [first, random(steps)] as const;
  });
};

test(
  "a crash amid the start that follows a crash, at any pair of steps, loses nothing that was acknowledged",
  async () => {
    const random = seeded(seed);
    await using root = await temporaryFolder();
    const template = join(root.path, "t");
    await makeGarbage(template);
    const whole = join(root.path, "whole");
    await cp(template, whole, { recursive: true });
    const never = { at: Number.POSITIVE_INFINITY, losesPower: false };
    const { steps } = await runUntil(whole, 1, never);
    expect(steps).toBeGreaterThan(60);
    const pairs = pairsOf(steps, random);
    let acknowledged = 0;
    for (const [firstAt, secondAt] of pairs) {
      const folder = join(root.path, `p${firstAt}-${secondAt}`);
      await cp(template, folder, { recursive: true });
      const first = { at: firstAt, losesPower: random(2) === 0 };
      const second = { at: secondAt, losesPower: random(2) === 0 };
      const one = await runUntil(folder, 1, first);
      const two = await runUntil(folder, 2, second);
      const told = `seed ${seed}: ${JSON.stringify({ first, second })}`;
      const isAcknowledged = one.isAcknowledged || two.isAcknowledged;
      if (isAcknowledged) acknowledged += 1;
      await expectRecovery(folder, isAcknowledged).catch((cause: unknown) => {
        throw new Error(told, { cause });
      });
      await rm(folder, { recursive: true });
    }
    expect(acknowledged).toBeGreaterThan(0);
    if (isSoak) process.stderr.write(`pairs of crashes: seed ${seed}, ${pairs.length} pairs of ${steps} steps\n`);
  },
  deadlineMs,
);
