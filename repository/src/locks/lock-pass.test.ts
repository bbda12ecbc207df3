import { join } from "node:path";
import { systemClock } from "@holdfast/shared/clock/clock";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { expect, test } from "vitest";
import { Catalog } from "../catalog/catalog.ts";
import type { ObjectRetention, ObjectStore } from "../store/object-store.ts";
import { createRepositoryOn, ownRepository } from "../store/open-repository-store.ts";
import type { RepositoryStore } from "../store/repository-store.ts";
import { openTestBucket } from "../store/s3/testing/test-bucket.ts";
import { inlineThreads } from "../store/testing/inline-threads.ts";
import {
  commitSample,
  sampleAttempt,
  sampleOptions,
  temporaryFolder,
  testChunkSize,
} from "../store/testing/sample-repository.ts";
import { lockPass } from "./lock-pass.ts";

const dayMs = 24 * 3_600_000;
/** The storage keeps times in whole seconds. */
const secondMs = 1000;

/** A bucket that locks, with a repository in it. */
const openLocking = async () => {
  const folder = await temporaryFolder();
  const bucket = await openTestBucket({ objectLock: true });
  const { store: objects } = bucket;
  const { retention } = objects;
  if (retention === undefined) throw new Error("the bucket does not lock");
  const made = { chunkSize: testChunkSize, installationId: "", clock: systemClock, random: systemRandom };
  await createRepositoryOn(objects, made);
  const own = (immutabilityMs: number | undefined): Promise<RepositoryStore> =>
    ownRepository(objects, { ...sampleOptions(join(folder.path, "index")), threads: inlineThreads, immutabilityMs });
  return {
    objects,
    retention,
    own,
    [Symbol.asyncDispose]: async () => {
      await bucket[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
};

const namesIn = async (objects: ObjectStore, folder: string): Promise<string[]> =>
  (await Array.fromAsync(objects.list(folder))).toSorted();

/** The earliest time at which one of these objects can be removed; 0 when one of them is not locked. */
const earliest = async (retention: ObjectRetention, names: readonly string[]): Promise<number> =>
  Math.min(...(await Promise.all(names.map(async (name) => (await retention.lockedUntil(name)) ?? 0))));

test("a storage that locks does so with packs and points as they are written, and with nothing else", async () => {
  await using locking = await openLocking();
  const { objects, retention } = locking;
  await using store = await locking.own(14 * dayMs);
  const startMs = systemClock.nowMs();
  const { commit } = await commitSample(store, { attempt: sampleAttempt("a"), seeds: [1, 2] });
  await store.writeMark("a", (state) => ({ ...state, flags: ["W"] }));

  const packs = await namesIn(objects, "packs");
  expect(packs).toHaveLength(2);
  expect(await earliest(retention, packs)).toBeGreaterThanOrEqual(startMs + 34 * dayMs - secondMs);
  const [point = "", mark = ""] = (await namesIn(objects, "points/a")).toSorted((a, b) => b.length - a.length);
  expect(await earliest(retention, [point])).toBeGreaterThanOrEqual((commit.immutableUntilMs ?? 0) - secondMs);
  for (const name of [point, ...packs])
    await expect(objects.remove(name)).rejects.toMatchObject({ code: "OBJECT_LOCKED" });
  expect(await earliest(retention, [mark])).toBe(0);
  expect(await earliest(retention, await namesIn(objects, "epochs"))).toBe(0);
});

test("a pass locks what points need that became immutable later, all their packs, and asks once", async () => {
  await using locking = await openLocking();
  const { objects, retention } = locking;
  await using store = await locking.own(undefined);
  await commitSample(store, { attempt: sampleAttempt("a"), seeds: [1] });
  const shared = await namesIn(objects, "packs");
  await commitSample(store, { attempt: sampleAttempt("b"), seeds: [1, 2] });
  const ofB = (await namesIn(objects, "packs")).filter((name) => !shared.includes(name));
  await commitSample(store, { attempt: sampleAttempt("c"), seeds: [3] });
  const untilMs = systemClock.nowMs() + 40 * dayMs;
  await store.writeMark("b", (state) => ({ ...state, immutableUntilMs: untilMs }));
  const deps = { store, catalog: await Catalog.load(store), retention, immutabilityMs: undefined };

  const { objects: needed, lengthened } = await lockPass(deps);

  const points = await namesIn(objects, "points/b");
  const chunksOfA = shared.filter((name) => name.endsWith("1"));
  const wanted = [...chunksOfA, ...ofB, ...points.filter((name) => name.endsWith(".point"))];
  expect(await earliest(retention, wanted)).toBeGreaterThanOrEqual(untilMs);
  expect({ needed, lengthened }).toEqual({ needed: wanted.length, lengthened: wanted.length });
  expect(await lockPass(deps)).toMatchObject({ lengthened: 0 });
});

test("a pass keeps every pack of every point locked for the period and more, so that points can be made from them", async () => {
  await using locking = await openLocking();
  const { objects, retention } = locking;
  {
    await using store = await locking.own(undefined);
    await commitSample(store, { attempt: sampleAttempt("a"), seeds: [1] });
  }
  const immutabilityMs = 14 * dayMs;
  await using store = await locking.own(immutabilityMs);
  await lockPass({ store, catalog: await Catalog.load(store), retention, immutabilityMs });
  const packs = await namesIn(objects, "packs");
  expect(await earliest(retention, packs)).toBeGreaterThanOrEqual(systemClock.nowMs() + 24 * dayMs - secondMs);
});
