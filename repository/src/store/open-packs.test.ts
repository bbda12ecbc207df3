import { join } from "node:path";
import { chunkIdOf } from "@holdfast/shared/format/chunk-id";
import { expect, test } from "vitest";
import { DirectoryObjectStore } from "./directory-object-store.ts";
import { parsePackName } from "./object-names.ts";
import { openRepositoryStore } from "./open-repository-store.ts";
import { inlineThreads } from "./testing/inline-threads.ts";
import {
  createSample,
  putPlain,
  sampleChunk,
  sampleOptions,
  temporaryFolder,
  testChunkSize,
} from "./testing/sample-repository.ts";
import { PackSet } from "./pack-set.ts";

const idOf = (seed: number): Uint8Array => chunkIdOf(sampleChunk(seed), testChunkSize);
const targetBytes = 512 * 1024;

test("packs are sealed at their size, by any number of writers at once, and every record is found again", async () => {
  await using folder = await temporaryFolder();
  await createSample(join(folder.path, "r"));
  const options = {
    ...sampleOptions(join(folder.path, "index")),
    threads: inlineThreads,
    packTargetBytes: targetBytes,
  };
  const seeds = Array.from({ length: 24 }, (_, index) => index + 1);
  {
    await using store = await openRepositoryStore(join(folder.path, "r"), options);
    const puts = [...seeds, ...seeds].map(
      async (seed) => await putPlain(store, "chunk", idOf(seed), sampleChunk(seed)),
    );
    const outcomes = (await Promise.all(puts)).map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === "stored")).toHaveLength(seeds.length);
    // Rebuilding meanwhile makes nobody believe that something is missing.
    const { pending } = await store.find("chunk", Buffer.concat(seeds.map(idOf)), new PackSet());
    await store.settle(pending);
    await Promise.all([
      store.rebuildIndex(),
      ...seeds.map(async (seed) => await store.verifyRecord("chunk", idOf(seed))),
    ]);
    // Left open: closing seals it.
    await putPlain(store, "chunk", idOf(99), sampleChunk(99));
  }
  await using store = await openRepositoryStore(join(folder.path, "r"), options);
  const found = await store.find("chunk", Buffer.concat([...seeds, 99].map(idOf)), new PackSet());
  expect(new Set(found.states)).toEqual(new Set(["present"]));
  const objects = new DirectoryObjectStore(join(folder.path, "r"));
  const packs = await Array.fromAsync(objects.list("packs"));
  expect(packs.every((name) => parsePackName(name) !== undefined)).toBe(true);
  expect(packs.length).toBeGreaterThan(5);
  for (const name of packs) expect(await objects.sizeOf(name)).toBeLessThan(targetBytes + testChunkSize + 10_000);
});
