import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DirectoryObjectStore } from "../store/directory-object-store.ts";
import { systemFiles } from "../store/durable-files.ts";
import { ownRepository } from "../store/open-repository-store.ts";
import { type FileStep, inputOutput, noSpace, ObservedFiles, type StepFate } from "../store/testing/observed-files.ts";
import { temporaryFolder } from "../store/testing/sample-repository.ts";
import { openCollecting } from "./testing/collecting.ts";
import { expectRecovery } from "./testing/expect-recovery.ts";
import { makeGarbage, optionsOf } from "./testing/garbage.ts";

/** Seconds on an idle machine; the deadline is for a crowded one. */
const deadlineMs = 90_000;

/** One start and one collection, cut off wherever `decide` says; `began` is the first step of the collection itself. */
const runUntil = async (
  folder: string,
  decide: (step: FileStep, files: ObservedFiles) => StepFate,
): Promise<{ readonly files: ObservedFiles; readonly began: number; readonly isDone: boolean }> => {
  const files: ObservedFiles = new ObservedFiles(systemFiles, (step) => decide(step, files));
  const objects = new DirectoryObjectStore(join(folder, "r"), { files });
  let began = 0;
  try {
    await using store = await ownRepository(objects, optionsOf(folder));
    const { collect } = await openCollecting(store);
    began = files.steps.length;
    const { packsSpared } = await collect();
    return { files, began, isDone: packsSpared === 0 };
  } catch {
    return { files, began, isDone: false };
  }
};

/** Runs `crash` at every `stride`th step of a collection from the `first`, each on its own copy; answers how often. */
const atSteps = async (
  { first, stride }: { readonly first: number; readonly stride: number },
  crash: (folder: string, step: number) => Promise<void>,
): Promise<number> => {
  await using root = await temporaryFolder();
  const template = join(root.path, "t");
  await makeGarbage(template);
  const whole = join(root.path, "whole");
  await cp(template, whole, { recursive: true });
  const { files, began, isDone } = await runUntil(whole, () => "pass");
  expect(isDone).toBe(true);
  let crashes = 0;
  for (let step = began + first; step < files.steps.length; step += stride) {
    const folder = join(root.path, `s${step}`);
    await cp(template, folder, { recursive: true });
    await crash(folder, step);
    await rm(folder, { recursive: true });
    crashes += 1;
  }
  return crashes;
};

const stopAt =
  (number: number) =>
  (step: FileStep, files: ObservedFiles): StepFate => {
    if (step.number < number) return "pass";
    files.stop();
    return inputOutput();
  };

for (const half of [0, 1]) {
  test(
    `a power failure at every step of a collection loses nothing that is kept (steps ${half} mod 2)`,
    async () => {
      const crashes = await atSteps({ first: half, stride: 2 }, async (folder, number) => {
        await cp(join(folder, "index"), join(folder, "old-index"));
        const { files } = await runUntil(folder, stopAt(number));
        await files.losePower();
        // The index lost all its transactions of this run.
        for (const suffix of ["-wal", "-shm"]) await rm(join(folder, `index${suffix}`), { force: true });
        await cp(join(folder, "old-index"), join(folder, "index"));
        await expectRecovery(folder);
      });
      expect(crashes).toBeGreaterThan(10);
    },
    deadlineMs,
  );
}

test(
  "a process that stops at any step of a collection, in mid-write too, is finished by the next start",
  async () => {
    const crashes = await atSteps({ first: 0, stride: 1 }, async (folder, number) => {
      const decide = (step: FileStep, files: ObservedFiles): StepFate => {
        const fate = stopAt(number)(step, files);
        return fate !== "pass" && step.step === "write" ? "torn" : fate;
      };
      await runUntil(folder, decide);
      await expectRecovery(folder);
    });
    expect(crashes).toBeGreaterThan(5);
  },
  deadlineMs,
);

/** Steps that need room. */
const needsRoom: ReadonlySet<FileStep["step"]> = new Set(["create", "write", "sync", "link", "makeDirectory"]);

test(
  "a disk that is full from any step of a collection on costs nothing but what could not be copied",
  async () => {
    const crashes = await atSteps({ first: 0, stride: 1 }, async (folder, number) => {
      await runUntil(folder, ({ number: at, step }) => (at >= number && needsRoom.has(step) ? noSpace() : "pass"));
      await expectRecovery(folder);
    });
    expect(crashes).toBeGreaterThan(5);
  },
  deadlineMs,
);

test(
  "a disk that is full at one step of a collection costs nothing but that",
  async () => {
    const crashes = await atSteps({ first: 0, stride: 1 }, async (folder, number) => {
      const isHit = ({ number: at, step }: FileStep): boolean => at === number && needsRoom.has(step);
      const { files } = await runUntil(folder, (step) => (isHit(step) ? noSpace() : "pass"));
      if (files.steps.some(isHit)) await expectRecovery(folder);
    });
    expect(crashes).toBeGreaterThan(20);
  },
  deadlineMs,
);
