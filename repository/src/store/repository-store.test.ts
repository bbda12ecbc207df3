import { rm } from "node:fs/promises";
import { join } from "node:path";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { chunkIdOf } from "@holdfast/shared/format/chunk-id";
import { fromHex, idAt, toHex } from "@holdfast/shared/format/content-id";
import { openChecked, parseRecord } from "@holdfast/shared/format/record";
import { expect, test } from "vitest";
import { openRepositoryReader, openRepositoryStore } from "./open-repository-store.ts";
import type { RepositoryReader } from "./repository-store.ts";
import { inlineThreads } from "./testing/inline-threads.ts";
import {
  commitSample,
  createSample,
  putPlain,
  sampleAttempt,
  sampleChunk,
  sampleOptions,
  sampleRecord,
  sendSample,
  temporaryFolder,
  testChunkSize,
} from "./testing/sample-repository.ts";
import { PackSet } from "./pack-set.ts";

/** The chunks of a point's only disk, zeros for absent ones. */
const restore = async (reader: RepositoryReader, pointId: string): Promise<readonly string[]> => {
  const point = await reader.readPoint(pointId);
  const root = fromHex(point?.manifest.clear.disks[0]?.root ?? "");
  const page = await reader.readPage(root);
  const contents: string[] = [];
  for (let index = 0; index < page.ids.byteLength / 32; index += 1) {
    const id = idAt(page.ids, index);
    if (toHex(id) === "00".repeat(32)) contents.push("zero");
    else
      contents.push(toHex(openChecked(parseRecord(await reader.readRecord("chunk", id)), testChunkSize)).slice(0, 32));
  }
  return contents;
};

const expected = (...seeds: readonly number[]): readonly string[] =>
  seeds.map((seed) => (seed === 0 ? "zero" : toHex(sampleChunk(seed)).slice(0, 32)));

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return "none";
  } catch (caught) {
    return caught instanceof HoldfastError ? caught.code : String(caught);
  }
};

test("a committed point is read back, by its owner, by the next owner, and from the bare directory", async () => {
  await using folder = await temporaryFolder();
  const repository = join(folder.path, "r");
  const options = sampleOptions(join(folder.path, "index"));
  await createSample(repository);
  {
    await using store = await openRepositoryStore(repository, options);
    expect(store.epoch).toBe(1);
    await commitSample(store, { attempt: sampleAttempt("t1"), seeds: [1, 0, 2, 1] });
    expect(await restore(store, "t1")).toEqual(expected(1, 0, 2, 1));
    expect(await store.counts()).toMatchObject({ packs: 2, chunks: 2, pages: 1 });
  }
  {
    await using store = await openRepositoryStore(repository, options);
    expect(store.epoch).toBe(2);
    expect(await store.listPoints()).toEqual(["t1"]);
    expect(await restore(store, "t1")).toEqual(expected(1, 0, 2, 1));
    await store.rebuildIndex();
    expect(await restore(store, "t1")).toEqual(expected(1, 0, 2, 1));
  }
  await using reader = await openRepositoryReader(repository);
  expect(await restore(reader, "t1")).toEqual(expected(1, 0, 2, 1));
  for (const seed of [1, 2]) await reader.verifyRecord("chunk", chunkIdOf(sampleChunk(seed), testChunkSize));
});

const inlineOptions = (indexPath: string) => ({ ...sampleOptions(indexPath), threads: inlineThreads });

test("an id is absent, then pending, then present, and is stored once", async () => {
  await using folder = await temporaryFolder();
  await createSample(join(folder.path, "r"));
  await using store = await openRepositoryStore(join(folder.path, "r"), inlineOptions(join(folder.path, "index")));
  const plain = sampleChunk(7);
  const id = chunkIdOf(plain, testChunkSize);
  expect((await store.find("chunk", id, new PackSet())).states).toEqual(["absent"]);
  const first = await putPlain(store, "chunk", id, plain);
  expect(first.outcome).toBe("stored");
  const found = await store.find("chunk", id, new PackSet());
  expect(found.states).toEqual(["pending"]);
  expect((await putPlain(store, "chunk", id, plain)).outcome).toBe("known");
  expect((await store.find("page", id, new PackSet())).states).toEqual(["absent"]);
  await store.settle(found.pending);
  expect((await store.find("chunk", id, new PackSet())).states).toEqual(["present"]);
  expect(await putPlain(store, "chunk", id, plain)).toEqual({ outcome: "known" });
});

test("the index may vanish between any two runs without changing an answer", async () => {
  await using folder = await temporaryFolder();
  const repository = join(folder.path, "r");
  const indexPath = join(folder.path, "index");
  await createSample(repository);
  for (let run = 1; run <= 3; run += 1) {
    await using store = await openRepositoryStore(repository, inlineOptions(indexPath));
    await commitSample(store, { attempt: sampleAttempt(`t${run}`), seeds: [1, run] });
    for (let point = 1; point <= run; point += 1) expect(await restore(store, `t${point}`)).toEqual(expected(1, point));
    expect((await store.listPoints()).length).toBe(run);
    for (const suffix of ["", "-wal", "-shm"]) await rm(`${indexPath}${suffix}`, { force: true });
  }
});

test("a record that does not match its checksum, its id or this repository is refused", async () => {
  await using folder = await temporaryFolder();
  const facts = await createSample(join(folder.path, "r"));
  const other = await createSample(join(folder.path, "other"));
  await using store = await openRepositoryStore(join(folder.path, "r"), inlineOptions(join(folder.path, "index")));
  const plain = sampleChunk(1);
  const id = chunkIdOf(plain, testChunkSize);
  const flipped = sampleRecord(facts.repositoryId, "chunk", id, plain);
  flipped[200] = (flipped[200] ?? 0) ^ 1;
  expect(await codeOf(store.check(flipped))).toBe("RECORD_REJECTED");
  const poisoned = sampleRecord(facts.repositoryId, "chunk", id, sampleChunk(2));
  expect(await codeOf(store.check(poisoned))).toBe("RECORD_REJECTED");
  const foreign = sampleRecord(other.repositoryId, "chunk", id, plain);
  expect(await codeOf(store.check(foreign))).toBe("REPOSITORY_MISMATCH");
});

test("R5: a task has one point, and its later and fenced attempts are told so", async () => {
  await using folder = await temporaryFolder();
  await createSample(join(folder.path, "r"));
  await using store = await openRepositoryStore(join(folder.path, "r"), inlineOptions(join(folder.path, "index")));
  expect(await store.fence(sampleAttempt("a", 1))).toBeUndefined();
  expect(await codeOf(store.openAttempt(sampleAttempt("a", 1)))).toBe("ATTEMPT_FENCED");
  expect(await store.openAttempt(sampleAttempt("a", 2))).toEqual({ state: "opened" });
  expect(await codeOf(store.openAttempt({ taskId: "a", number: 2, attemptId: "twin" }))).toBe("ATTEMPT_FENCED");
  await store.openAttempt(sampleAttempt("a", 3));
  expect(await codeOf(commitSample(store, { attempt: sampleAttempt("a", 2), seeds: [1] }))).toBe("ATTEMPT_FENCED");
  const point = await commitSample(store, { attempt: sampleAttempt("a", 3), seeds: [1] });
  const again = await store.commitPoint(sampleAttempt("a", 3), point.manifestBytes, point.commit.counted);
  expect(again.commit.committedMs).toBe(point.commit.committedMs);
  expect(await store.openAttempt(sampleAttempt("a", 4))).toMatchObject({ state: "committed" });
  expect((await store.fence(sampleAttempt("a", 3)))?.pointId).toBe("a");
  expect(await store.listPoints()).toEqual(["a"]);
});

test("R13: a former owner acknowledges nothing, and what it wrote behind a fence is void", async () => {
  await using folder = await temporaryFolder();
  const repository = join(folder.path, "r");
  await createSample(repository);
  await using former = await openRepositoryStore(repository, inlineOptions(join(folder.path, "index1")));
  const attempt = sampleAttempt("a", 1);
  await former.openAttempt(attempt);
  const sent = await sendSample(former, { attempt, seeds: [1] });
  await former.settle(sent.packs);
  await using present = await openRepositoryStore(repository, inlineOptions(join(folder.path, "index2")));
  expect(await present.fence(attempt)).toBeUndefined();
  expect(await codeOf(commitSample(former, { attempt, seeds: [1] }))).toBe("ATTEMPT_FENCED");
  expect(await codeOf(former.assertOwned())).toBe("REPOSITORY_NOT_OWNED");
  expect(await codeOf(former.writeMark("a", (state) => state))).toBe("REPOSITORY_NOT_OWNED");
  await commitSample(present, { attempt: sampleAttempt("a", 2), seeds: [2] });
  expect(await restore(present, "a")).toEqual(expected(2));
});

test("marks are numbered, keep what they do not change, and the highest wins", async () => {
  await using folder = await temporaryFolder();
  await createSample(join(folder.path, "r"));
  await using store = await openRepositoryStore(join(folder.path, "r"), inlineOptions(join(folder.path, "index")));
  await commitSample(store, { attempt: sampleAttempt("a"), seeds: [1] });
  expect(await store.readMark("a")).toBeUndefined();
  const removed = { atMs: 5, reason: "by hand", belowFloor: false };
  const protection = { atMs: 6, reason: "audit" };
  const results = await Promise.all([
    store.writeMark("a", (state) => ({ ...state, removed })),
    store.writeMark("a", (state) => ({ ...state, protected: protection })),
  ]);
  expect(results.map(({ number }) => number)).toEqual([1, 2]);
  expect((await store.readMark("a"))?.state).toMatchObject({ removed, protected: protection });
});
