import { cp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fromHex, idAt, idCount, isZeroId } from "@holdfast/shared/format/content-id";
import { expect, test } from "vitest";
import { DirectoryObjectStore } from "./directory-object-store.ts";
import { systemFiles } from "./durable-files.ts";
import { openRepositoryStore, ownRepository } from "./open-repository-store.ts";
import { parsePointName } from "./object-names.ts";
import type { RepositoryReader } from "./repository-store.ts";
import { inlineThreads } from "./testing/inline-threads.ts";
import { type FileStep, inputOutput, noSpace, ObservedFiles, type StepFate } from "./testing/observed-files.ts";
import {
  commitSample,
  createSample,
  sampleAttempt,
  sampleOptions,
  temporaryFolder,
} from "./testing/sample-repository.ts";

const options = (folder: string) => ({ ...sampleOptions(join(folder, "index")), threads: inlineThreads });

const before = { attempt: sampleAttempt("before"), seeds: [1, 2] };
const during = { attempt: sampleAttempt("during"), seeds: [2, 0, 3] };

const expectDiskWhole = async (reader: RepositoryReader, root: string): Promise<void> => {
  const { ids } = await reader.readPage(fromHex(root));
  for (let index = 0; index < idCount(ids); index += 1) {
    if (!isZeroId(idAt(ids, index))) await reader.verifyRecord("chunk", idAt(ids, index));
  }
};

/** R1: everything that listed points name is there and is what its id says. */
const expectWhole = async (reader: RepositoryReader): Promise<readonly string[]> => {
  const points = await reader.listPoints();
  for (const pointId of points) {
    const point = await reader.readPoint(pointId);
    for (const { root } of point?.manifest.clear.disks ?? []) await expectDiskWhole(reader, root);
  }
  return points;
};

interface Crash {
  readonly folder: string;
  readonly decide: (step: FileStep, files: ObservedFiles) => StepFate;
}

/** One run of a server from its start to a commit, cut off wherever `decide` says. */
const runUntil = async ({
  folder,
  decide,
}: Crash): Promise<{ readonly files: ObservedFiles; readonly acknowledged: boolean }> => {
  const files: ObservedFiles = new ObservedFiles(systemFiles, (step) => decide(step, files));
  const objects = new DirectoryObjectStore(join(folder, "r"), { files });
  try {
    await using store = await ownRepository(objects, options(folder));
    await commitSample(store, during);
    return { files, acknowledged: true };
  } catch {
    return { files, acknowledged: false };
  }
};

/** A repository with one point, and its index, to start every crash from. */
const makeTemplate = async (folder: string): Promise<void> => {
  await createSample(join(folder, "r"));
  await using store = await openRepositoryStore(join(folder, "r"), options(folder));
  await commitSample(store, before);
};

/** What must hold after any crash: nothing acknowledged is lost, the next start needs nobody, the task ends with one point. */
const expectRecovery = async (folder: string, acknowledged: boolean): Promise<void> => {
  await using store = await openRepositoryStore(join(folder, "r"), options(folder));
  const points = await expectWhole(store);
  expect(points).toContain("before");
  if (acknowledged) expect(points).toContain("during");
  expect(await readdir(join(folder, "r", "tmp")).catch(() => [])).toEqual([]);
  const attempt = { ...sampleAttempt("during", 2) };
  await commitSample(store, { ...during, attempt });
  expect((await expectWhole(store)).toSorted()).toEqual(["before", "during"]);
  const objects = await readdir(join(folder, "r", "points", "during"));
  expect(objects.filter((name) => parsePointName(`points/during/${name}`) !== undefined)).toHaveLength(1);
};

const countSteps = async (template: string, folder: string): Promise<number> => {
  await cp(template, folder, { recursive: true });
  const { files, acknowledged } = await runUntil({ folder, decide: () => "pass" });
  expect(acknowledged).toBe(true);
  return files.steps.length;
};

/** Runs `crash` at every `stride`th step from `first`, each on its own copy of the template; answers how often. */
const atSteps = async (
  { first, stride }: { readonly first: number; readonly stride: number },
  crash: (folder: string, step: number) => Promise<void>,
): Promise<number> => {
  let crashes = 0;
  await using root = await temporaryFolder();
  const template = join(root.path, "t");
  await makeTemplate(template);
  const steps = await countSteps(template, join(root.path, "count"));
  expect(steps).toBeGreaterThan(20);
  for (let step = first; step < steps; step += stride) {
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

for (const part of [0, 1, 2]) {
  test(`a power failure at every step of writing loses nothing that was acknowledged (steps ${part} mod 3)`, async () => {
    const crashes = await atSteps({ first: part, stride: 3 }, async (folder, number) => {
      await cp(join(folder, "index"), join(folder, "old-index"));
      const { files, acknowledged } = await runUntil({ folder, decide: stopAt(number) });
      await files.losePower();
      // The index lost all its transactions of this run.
      for (const suffix of ["-wal", "-shm"]) await rm(join(folder, `index${suffix}`), { force: true });
      await cp(join(folder, "old-index"), join(folder, "index"));
      await expectRecovery(folder, acknowledged);
    });
    expect(crashes).toBeGreaterThan(10);
  });
}

test("a process that stops at any step, in mid-write too, leaves nothing that needs an operator", async () => {
  const crashes = await atSteps({ first: 0, stride: 1 }, async (folder, number) => {
    const decide = (step: FileStep, files: ObservedFiles): StepFate => {
      const fate = stopAt(number)(step, files);
      return fate !== "pass" && step.step === "write" ? "torn" : fate;
    };
    const { acknowledged } = await runUntil({ folder, decide });
    await expectRecovery(folder, acknowledged);
  });
  expect(crashes).toBeGreaterThan(5);
});

test("a disk that is full at one step fails that upload alone", async () => {
  const crashes = await atSteps({ first: 0, stride: 1 }, async (folder, number) => {
    const { acknowledged } = await runUntil({
      folder,
      decide: (step) => (step.number === number ? noSpace() : "pass"),
    });
    await expectRecovery(folder, acknowledged);
  });
  expect(crashes).toBeGreaterThan(5);
});
