import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@holdfast/shared/clock/clock";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { expect, test } from "vitest";
import { inMemory } from "../index/index-database.ts";
import { createRepositoryOn, openRepositoryStore, ownRepository } from "../store/open-repository-store.ts";
import { packName } from "../store/object-names.ts";
import { packHeaderSize } from "../store/pack-header.ts";
import type { RepositoryStore } from "../store/repository-store.ts";
import { inlineThreads } from "../store/testing/inline-threads.ts";
import { MemoryObjectStore } from "../store/testing/memory-object-store.ts";
import {
  commitSample,
  sampleAttempt,
  sampleOptions,
  temporaryFolder,
  testChunkSize,
} from "../store/testing/sample-repository.ts";
import { markRemoved, openCollecting } from "./testing/collecting.ts";
import { makeGarbage, optionsOf } from "./testing/garbage.ts";

const flip = async (path: string, offset: number): Promise<void> => {
  const bytes = await readFile(path);
  bytes[offset] = (bytes[offset] ?? 0) ^ 1;
  await writeFile(path, bytes);
};

const packsOf = async (store: RepositoryStore): Promise<number> => (await store.collection.packs()).length;

test("nothing is collected while a page of a point cannot be read", async () => {
  await using folder = await temporaryFolder();
  await makeGarbage(folder.path);
  // Chunks of `removed`, its page, chunk 4 of `kept`, its page.
  await flip(join(folder.path, "r", packName({ epoch: 1, sequence: 4 })), packHeaderSize + 144 + 20);
  await using store = await openRepositoryStore(join(folder.path, "r"), optionsOf(folder.path));
  const { collect, catalog } = await openCollecting(store);
  await expect(collect()).rejects.toMatchObject({
    code: "POINT_HURT",
    message: expect.stringContaining("kept") as string,
  });
  expect(await packsOf(store)).toBe(4);
  // The points that it had taken out are there again, and a hurt point may go.
  catalog.setMarked("kept", (await markRemoved(store, "kept")).state);
  expect(await collect()).toMatchObject({ pointsRemoved: 2, packsRemoved: 4 });
});

test("nothing is collected while the object of a point cannot be read", async () => {
  await using folder = await temporaryFolder();
  await makeGarbage(folder.path);
  await flip(join(folder.path, "r", "points", "kept", "00000001-00000001.point"), 100);
  await using store = await openRepositoryStore(join(folder.path, "r"), optionsOf(folder.path));
  await expect((await openCollecting(store)).collect()).rejects.toMatchObject({ code: "REPOSITORY_DAMAGED" });
  expect(await packsOf(store)).toBe(4);
});

test("a pack with a damaged record is left alone, the others are collected", async () => {
  await using folder = await temporaryFolder();
  await makeGarbage(folder.path);
  await flip(join(folder.path, "r", packName({ epoch: 1, sequence: 1 })), packHeaderSize + 144 + 1000);
  await using store = await openRepositoryStore(join(folder.path, "r"), optionsOf(folder.path));
  expect(await (await openCollecting(store)).collect()).toMatchObject({
    packsRemoved: 1,
    packsCompacted: 0,
    packsSpared: 1,
  });
});

/** A storage that has locked some packs. */
class LockingMemory extends MemoryObjectStore {
  readonly locked = new Set<string>();
  readonly retention = {
    lockUntil: async (name: string): Promise<void> => {
      this.locked.add(name);
    },
    lockedUntil: async (name: string): Promise<number | undefined> =>
      this.locked.has(name) ? systemClock.nowMs() + 60_000 : undefined,
  };
}

test("what the storage has locked is not planned", async () => {
  const objects = new LockingMemory();
  await createRepositoryOn(objects, {
    chunkSize: testChunkSize,
    installationId: "test",
    clock: systemClock,
    random: systemRandom,
  });
  await using store = await ownRepository(objects, { ...sampleOptions(inMemory), threads: inlineThreads });
  await commitSample(store, { attempt: sampleAttempt("removed"), seeds: [1, 2] });
  await markRemoved(store, "removed");
  const [name = ""] = await Array.fromAsync(objects.list("packs"));
  objects.locked.add(name);
  const { collect } = await openCollecting(store);
  expect(await collect()).toMatchObject({ pointsRemoved: 1, packsRemoved: 1 });
  expect(await Array.fromAsync(objects.list("packs"))).toEqual([name]);
  objects.locked.clear();
  expect(await collect()).toMatchObject({ packsRemoved: 1 });
});
