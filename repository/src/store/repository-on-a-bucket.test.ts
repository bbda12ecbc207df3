import { rm } from "node:fs/promises";
import { join } from "node:path";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { systemClock } from "@holdfast/shared/clock/clock";
import { chunkIdOf } from "@holdfast/shared/format/chunk-id";
import { fromHex, idAt, idCount, isZeroId, toHex } from "@holdfast/shared/format/content-id";
import { expect, test } from "vitest";
import type { ObjectStore } from "./object-store.ts";
import {
  createRepositoryOn,
  openRepositoryReader,
  openRepositoryStore,
  ownRepository,
} from "./open-repository-store.ts";
import type { RepositoryReader } from "./repository-store.ts";
import { openS3Bucket } from "./s3/s3-bucket.ts";
import { S3ObjectStore } from "./s3/s3-object-store.ts";
import { openBucketLocation } from "./s3/testing/bucket-location.ts";
import { makeTestBucket, openTestBucket, type TestBucket } from "./s3/testing/test-bucket.ts";
import { unfinishedUploads } from "./s3/unfinished-uploads.ts";
import { codeOf } from "./testing/code-of.ts";
import { inlineThreads } from "./testing/inline-threads.ts";
import {
  commitSample,
  createSample,
  sampleAttempt,
  sampleChunk,
  sampleOptions,
  sendSample,
  temporaryFolder,
  testChunkSize,
} from "./testing/sample-repository.ts";
import { retryingStore } from "./wrappers/retrying-store.ts";
import { faultyStore } from "./wrappers/testing/faulty-store.ts";
import type { StoreVerb } from "./wrappers/store-call.ts";
import { WrappedStore } from "./wrappers/wrapped-store.ts";
import { recordingStore } from "./wrappers/testing/recording-store.ts";

const inline = (indexPath: string) => ({ ...sampleOptions(indexPath), threads: inlineThreads });

/** Ids of a point's chunks, each read back and compared with its content. */
const contentOf = async (reader: RepositoryReader, pointId: string): Promise<readonly string[]> => {
  const point = await reader.readPoint(pointId);
  const { ids } = await reader.readPage(fromHex(point?.manifest.clear.disks[0]?.root ?? ""));
  const found = Array.from({ length: idCount(ids) }, (_, index) => idAt(ids, index));
  for (const id of found) if (!isZeroId(id)) await reader.verifyRecord("chunk", id);
  return found.map((id) => toHex(id));
};
const idsOf = (...seeds: readonly number[]): readonly string[] =>
  seeds.map((seed) => (seed === 0 ? "0".repeat(64) : toHex(chunkIdOf(sampleChunk(seed), testChunkSize))));

test(
  "a repository in a bucket is written, committed, read back, owned anew, read without an owner, and its index may vanish",
  { timeout: 60_000 },
  async () => {
    await using folder = await temporaryFolder();
    await using bucket = await openBucketLocation(folder.path);
    const indexPath = join(folder.path, "index");
    await createSample(bucket.location);
    expect(await codeOf(createSample(bucket.location))).toBe("ALREADY_EXISTS");
    for (let run = 1; run <= 3; run += 1) {
      await using store = await openRepositoryStore(bucket.location, inline(indexPath));
      expect(store.epoch).toBe(run);
      await commitSample(store, { attempt: sampleAttempt(`t${run}`), seeds: [1, 0, run] });
      for (let point = 1; point <= run; point += 1)
        expect(await contentOf(store, `t${point}`)).toEqual(idsOf(1, 0, point));
      await store.rebuildIndex();
      expect([...(await store.listPoints())].sort()).toEqual(["t1", "t2", "t3"].slice(0, run));
      for (const suffix of ["", "-wal", "-shm"]) await rm(`${indexPath}${suffix}`, { force: true });
    }
    await using reader = await openRepositoryReader(bucket.location, { threads: inlineThreads });
    expect(await contentOf(reader, "t2")).toEqual(idsOf(1, 0, 2));
  },
);

test("R13: in a bucket too, a former owner acknowledges nothing, and one task has one point", async () => {
  await using folder = await temporaryFolder();
  await using bucket = await openBucketLocation(folder.path);
  await createSample(bucket.location);
  await using former = await openRepositoryStore(bucket.location, inline(join(folder.path, "index1")));
  const attempt = sampleAttempt("a", 1);
  await former.openAttempt(attempt);
  const sent = await sendSample(former, { attempt, seeds: [1] });
  await former.settle(sent.packs);
  await using present = await openRepositoryStore(bucket.location, inline(join(folder.path, "index2")));
  expect(await present.fence(attempt)).toBeUndefined();
  expect(await codeOf(commitSample(former, { attempt, seeds: [1] }))).toBe("ATTEMPT_FENCED");
  expect(await codeOf(former.assertOwned())).toBe("REPOSITORY_NOT_OWNED");
  await commitSample(present, { attempt: sampleAttempt("a", 2), seeds: [2] });
  expect(await contentOf(present, "a")).toEqual(idsOf(2));
});

test("a bucket that takes a name twice gets no repository, and none in it is owned, unless by a sole writer", async () => {
  await using folder = await temporaryFolder();
  await using bucket = await openBucketLocation(folder.path, { conditional: false });
  expect(await codeOf(createSample(bucket.location))).toBe("STORE_UNFIT");
  await createSample(`${bucket.location}&soleWriter=true`);
  expect(await codeOf(openRepositoryStore(bucket.location, inline(join(folder.path, "index"))))).toBe("STORE_UNFIT");
  await using store = await openRepositoryStore(
    `${bucket.location}&soleWriter=true`,
    inline(join(folder.path, "index")),
  );
  await commitSample(store, { attempt: sampleAttempt("a"), seeds: [3] });
  expect(await contentOf(store, "a")).toEqual(idsOf(3));
});

const createOn = async (objects: ObjectStore): Promise<void> => {
  const options = { chunkSize: testChunkSize, installationId: "test", clock: systemClock, random: systemRandom };
  await createRepositoryOn(objects, options);
};

test("unfinished uploads of dead epochs are ended by the next owner, those of a later one are not", async () => {
  await using folder = await temporaryFolder();
  await using opened = await openTestBucket();
  await createOn(opened.store);
  for (const name of [
    "packs/00000001/00000/0000000100000007",
    "packs/00000009/00000/0000000900000001",
    "other/thing",
  ]) {
    await (await opened.store.stage(name, { inParts: true })).write([new Uint8Array(opened.bucket.settings.partBytes)]);
  }
  await opened.store.putIfAbsent("epochs/00000001", Buffer.from("an owner that died"));
  await using _store = await ownRepository(opened.store, inline(join(folder.path, "index")));
  const left = (await Array.fromAsync(unfinishedUploads(opened.bucket, undefined))).map(({ name }) => name);
  expect(left.sort()).toEqual(["other/thing", "packs/00000009/00000/0000000900000001"]);
});

test("a storage that does what every fifth request asks and never answers loses and doubles nothing", async () => {
  await using folder = await temporaryFolder();
  let number = 0;
  await using opened = await openTestBucket({
    onRequest: () => {
      number += 1;
      return number % 5 === 0 ? "lost" : undefined;
    },
  });
  const policy = { attempts: 6, firstMs: 1, maxMs: 2 };
  const objects = retryingStore(opened.store, { clock: systemClock, random: systemRandom, policy });
  await createOn(objects);
  await using store = await ownRepository(objects, inline(join(folder.path, "index")));
  await commitSample(store, { attempt: sampleAttempt("a"), seeds: [1, 2, 0, 3] });
  expect(await store.listPoints()).toEqual(["a"]);
  expect(await contentOf(store, "a")).toEqual(idsOf(1, 2, 0, 3));
});

const mutating: ReadonlySet<StoreVerb> = new Set(["putIfAbsent", "stage", "write", "publish", "remove", "discard"]);

/** Runs a server from its start to a commit; the world ends before the `last`th request that changes something. */
const runUntil = async (
  objects: ObjectStore,
  indexPath: string,
  last: number,
): Promise<{ readonly isOver: boolean; readonly isAcknowledged: boolean }> => {
  let isOver = false;
  let changes = 0;
  const { store: recorded } = recordingStore(objects, ({ verb }, moment) => {
    if (moment === "before" && mutating.has(verb)) changes += 1;
    isOver ||= changes === last;
    if (isOver) throw new Error("the world has ended");
  });
  try {
    await using store = await ownRepository(undisposed(recorded), inline(indexPath));
    await commitSample(store, { attempt: sampleAttempt("during"), seeds: [2, 0, 3] });
    return { isOver, isAcknowledged: true };
  } catch {
    return { isOver, isAcknowledged: false };
  }
};

class Undisposed extends WrappedStore {
  override async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
  }
}

/** The same store, which outlives its owner. */
const undisposed = (store: ObjectStore): ObjectStore => new Undisposed(store, { call: (_, run) => run() });

test(
  "a process that dies before any request of a commit that changes something leaves nothing that needs an operator",
  { timeout: 120_000 },
  async () => {
    await using folder = await temporaryFolder();
    await using opened = await openTestBucket();
    await createOn(opened.store);
    {
      await using store = await ownRepository(undisposed(opened.store), inline(join(folder.path, "template")));
      await commitSample(store, { attempt: sampleAttempt("before"), seeds: [1, 2] });
    }
    let step = 0;
    for (let isOver = true; isOver;) {
      step += 1;
      await using copy = await copyOf(opened);
      const run = await runUntil(copy, join(folder.path, `${step}-1`), step);
      isOver = run.isOver;
      await using next = await ownRepository(undisposed(copy), inline(join(folder.path, `${step}-2`)));
      expect(await contentOf(next, "before")).toEqual(idsOf(1, 2));
      if (run.isAcknowledged) expect(await next.listPoints()).toContain("during");
      await commitSample(next, { attempt: sampleAttempt("during", 2), seeds: [2, 0, 3] });
      expect([...(await next.listPoints())].sort()).toEqual(["before", "during"]);
      expect(await contentOf(next, "during")).toEqual(idsOf(2, 0, 3));
    }
    expect(step).toBeGreaterThan(8);
  },
);

/** The same objects in a bucket of their own. */
const copyOf = async ({ server, store }: TestBucket): Promise<ObjectStore> => {
  const copy = new S3ObjectStore(await openS3Bucket(await makeTestBucket(server), server.credentials), systemRandom);
  for (const name of await allNames(store)) await copy.putIfAbsent(name, await store.get(name));
  return copy;
};

const allNames = async (store: ObjectStore): Promise<readonly string[]> => {
  const folders = ["epochs", "packs", "points", "tasks"];
  return ["descriptor", ...(await Promise.all(folders.map((name) => Array.fromAsync(store.list(name))))).flat()];
};

test("a pack whose bytes were changed on the way is named, one that cannot be reached is not called damaged", async () => {
  await using folder = await temporaryFolder();
  await using opened = await openTestBucket();
  await createOn(opened.store);
  let fault: "flipped" | "short" | "unreachable" | undefined;
  const objects = faultyStore(opened.store, {
    decide: ({ verb, name }) => (verb === "getRange" && name.startsWith("packs/") ? fault : undefined),
  });
  await using store = await ownRepository(objects, inline(join(folder.path, "index")));
  await commitSample(store, { attempt: sampleAttempt("a"), seeds: [1] });
  const id = chunkIdOf(sampleChunk(1), testChunkSize);
  expect(await codeOf(store.verifyRecord("chunk", id))).toBe("none");
  fault = "flipped";
  expect(await codeOf(store.verifyRecord("chunk", id))).toBe("CHUNK_DAMAGED");
  fault = "unreachable";
  expect(await codeOf(store.verifyRecord("chunk", id))).toBe("STORE_UNREACHABLE");
});
