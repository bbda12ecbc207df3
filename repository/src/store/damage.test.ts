import { cp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { chunkIdOf } from "@holdfast/shared/format/chunk-id";
import { expect, test } from "vitest";
import { AttemptObjects } from "./attempts.ts";
import { DirectoryObjectStore } from "./directory-object-store.ts";
import { systemFiles } from "./durable-files.ts";
import { packName } from "./object-names.ts";
import { openRepositoryReader, openRepositoryStore, ownRepository } from "./open-repository-store.ts";
import { packFooterSize } from "./pack-contents.ts";
import { inlineThreads } from "./testing/inline-threads.ts";
import { noSpace, ObservedFiles } from "./testing/observed-files.ts";
import {
  commitSample,
  createSample,
  putPlain,
  sampleAttempt,
  sampleChunk,
  sampleOptions,
  temporaryFolder,
  testChunkSize,
} from "./testing/sample-repository.ts";
import { PackSet } from "./pack-set.ts";

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return "none";
  } catch (caught) {
    return caught instanceof HoldfastError ? caught.code : String(caught);
  }
};

const options = (folder: string) => ({ ...sampleOptions(join(folder, "index")), threads: inlineThreads });
const open = async (folder: string) => await openRepositoryStore(join(folder, "r"), options(folder));
const idOf = (seed: number): Uint8Array => chunkIdOf(sampleChunk(seed), testChunkSize);

/** A repository whose first pack holds the chunks 1 and 2. */
const makeRepository = async (folder: string): Promise<string> => {
  await createSample(join(folder, "r"));
  await using store = await open(folder);
  await commitSample(store, { attempt: sampleAttempt("a"), seeds: [1, 2] });
  return join(folder, "r", packName({ epoch: 1, sequence: 1 }));
};

const flip = async (path: string, offset: number): Promise<void> => {
  const bytes = await readFile(path);
  const at = offset < 0 ? bytes.byteLength + offset : offset;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await rm(path);
  await writeFile(path, bytes);
};

test("a pack whose table of contents is damaged is read by its records", async () => {
  await using folder = await temporaryFolder();
  await flip(await makeRepository(folder.path), -packFooterSize - 1);
  await rm(join(folder.path, "index"));
  await using store = await open(folder.path);
  expect(store.damagedPacks).toEqual([packName({ epoch: 1, sequence: 1 })]);
  for (const seed of [1, 2]) await store.verifyRecord("chunk", idOf(seed));
});

test("a pack that lost its end gives what is left of it", async () => {
  await using folder = await temporaryFolder();
  const pack = await makeRepository(folder.path);
  const { byteLength } = await readFile(pack);
  await truncate(pack, byteLength - 2 * packFooterSize - packFooterSize - 10);
  await rm(join(folder.path, "index"));
  await using store = await open(folder.path);
  await store.verifyRecord("chunk", idOf(1));
  expect(await codeOf(store.verifyRecord("chunk", idOf(2)))).toBe("CHUNK_MISSING");
});

test("a flipped bit in a stored chunk is damage when read back, in its header when read at all", async () => {
  await using folder = await temporaryFolder();
  const pack = await makeRepository(folder.path);
  await flip(pack, 64 + 144 + 1000);
  await using store = await open(folder.path);
  expect(await codeOf(store.verifyRecord("chunk", idOf(1)))).toBe("CHUNK_DAMAGED");
  await store.verifyRecord("chunk", idOf(2));
  await flip(pack, 64 + 50);
  expect(await codeOf(store.readRecord("chunk", idOf(1)))).toBe("CHUNK_DAMAGED");
});

test("a pack that vanished takes its chunks with it: they are absent and are stored again", async () => {
  await using folder = await temporaryFolder();
  await rm(await makeRepository(folder.path));
  await using store = await open(folder.path);
  expect((await store.find("chunk", idOf(1), new PackSet())).states).toEqual(["absent"]);
  expect((await putPlain(store, "chunk", idOf(1), sampleChunk(1))).outcome).toBe("stored");
});

test("an index of a later state than the repository is made anew", async () => {
  await using folder = await temporaryFolder();
  await makeRepository(folder.path);
  await cp(join(folder.path, "r"), join(folder.path, "copy"), { recursive: true });
  {
    await using store = await open(folder.path);
    await commitSample(store, { attempt: sampleAttempt("b"), seeds: [5] });
  }
  await rm(join(folder.path, "r"), { recursive: true });
  await cp(join(folder.path, "copy"), join(folder.path, "r"), { recursive: true });
  {
    const own = { ...options(folder.path), indexPath: join(folder.path, "other-index") };
    await using store = await openRepositoryStore(join(folder.path, "r"), own);
    await commitSample(store, { attempt: sampleAttempt("c"), seeds: [6] });
  }
  await using store = await open(folder.path);
  expect((await store.find("chunk", Buffer.concat([idOf(5), idOf(6)]), new PackSet())).states).toEqual([
    "absent",
    "present",
  ]);
});

test("an index file that is no index is made anew", async () => {
  await using folder = await temporaryFolder();
  await makeRepository(folder.path);
  await writeFile(join(folder.path, "index"), "no database at all, ".repeat(1000));
  await using store = await open(folder.path);
  expect((await store.find("chunk", idOf(1), new PackSet())).states).toEqual(["present"]);
});

test("I2: a pack that cannot be made durable takes its records with it and fails those who need it", async () => {
  await using folder = await temporaryFolder();
  await createSample(join(folder.path, "r"));
  let full = false;
  const files = new ObservedFiles(systemFiles, ({ step }) => (full && step === "sync" ? noSpace() : "pass"));
  const objects = new DirectoryObjectStore(join(folder.path, "r"), { files });
  await using store = await ownRepository(objects, options(folder.path));
  const first = await putPlain(store, "chunk", idOf(1), sampleChunk(1));
  const second = await putPlain(store, "chunk", idOf(1), sampleChunk(1));
  full = true;
  for (const { pending } of [first, second]) {
    expect(await codeOf(store.settle(pending === undefined ? [] : [pending]))).toBe("REPOSITORY_FULL");
  }
  full = false;
  expect((await store.find("chunk", idOf(1), new PackSet())).states).toEqual(["absent"]);
  const again = await putPlain(store, "chunk", idOf(1), sampleChunk(1));
  await store.settle(again.pending === undefined ? [] : [again.pending]);
  await store.verifyRecord("chunk", idOf(1));
});

test("a point written behind the fence of a later owner is an orphan, one that an older owner fenced is not", async () => {
  await using folder = await temporaryFolder();
  await createSample(join(folder.path, "r"));
  {
    await using store = await open(folder.path);
    await commitSample(store, { attempt: sampleAttempt("a"), seeds: [1] });
    const attempts = new AttemptObjects(new DirectoryObjectStore(join(folder.path, "r")), store.facts.repositoryId);
    await rm(join(folder.path, "r", "tasks", "a", "committed"));
    await attempts.writeFenced({ taskId: "a", number: 1, epoch: 0, writtenMs: 0 });
    expect(await store.listPoints()).toEqual(["a"]);
    await attempts.writeOpened({ taskId: "a", number: 2, attemptId: "later", epoch: 2, writtenMs: 0 });
    expect(await store.listPoints()).toEqual([]);
    expect(await store.readPoint("a")).toBeUndefined();
  }
  await using store = await open(folder.path);
  await commitSample(store, { attempt: sampleAttempt("a", 3), seeds: [9] });
  expect((await store.readPoint("a"))?.commit.attempt.number).toBe(3);
});

test("C9: a point that a former owner wrote after the log of plans was closed never counts, before and after a restart", async () => {
  await using folder = await temporaryFolder();
  await makeRepository(folder.path);
  const points = join(folder.path, "r", "points");
  const committed = join(folder.path, "r", "tasks", "a", "committed");
  await cp(points, join(folder.path, "late"), { recursive: true });
  await rm(join(points, "a"), { recursive: true });
  await rm(committed);
  for (let start = 1; start <= 2; start += 1) {
    await using store = await open(folder.path);
    await cp(join(folder.path, "late"), points, { recursive: true });
    expect(await store.listPoints()).toEqual([]);
    expect(await store.openAttempt(sampleAttempt("a", 1))).toEqual({ state: "opened" });
    expect(await store.readPoint("a")).toBeUndefined();
  }
});

test("damaged small objects and points are said to be, and what a later version wrote is refused", async () => {
  await using folder = await temporaryFolder();
  await makeRepository(folder.path);
  const point = join(folder.path, "r", "points", "a", "00000001-00000001.point");
  {
    await using store = await open(folder.path);
    await flip(point, 300);
    expect(await codeOf(store.readPoint("a"))).toBe("REPOSITORY_DAMAGED");
  }
  const [task] = await readdir(join(folder.path, "r", "tasks", "a"));
  await flip(join(folder.path, "r", "tasks", "a", task ?? ""), 20);
  await flip(join(folder.path, "r", "descriptor"), 20);
  expect(await codeOf(open(folder.path))).toBe("REPOSITORY_DAMAGED");
  await rm(join(folder.path, "r", "descriptor"));
  expect(await codeOf(open(folder.path))).toBe("NOT_FOUND");
});

test("a commit whose owner died before it was called committed is decided by the next owner, once and for ever", async () => {
  await using folder = await temporaryFolder();
  await makeRepository(folder.path);
  const committed = join(folder.path, "r", "tasks", "a", "committed");
  await rm(committed);
  {
    await using reader = await openRepositoryReader(join(folder.path, "r"));
    expect(await reader.listPoints()).toEqual(["a"]);
    await expect(readFile(committed)).rejects.toThrow("ENOENT");
  }
  await using store = await open(folder.path);
  expect((await readFile(committed)).byteLength).toBeGreaterThan(0);
  const attempts = new AttemptObjects(new DirectoryObjectStore(join(folder.path, "r")), store.facts.repositoryId);
  await attempts.writeFenced({ taskId: "a", number: 1, epoch: 9, writtenMs: 0 });
  expect((await store.fence(sampleAttempt("a", 1)))?.pointId).toBe("a");
  expect(await store.listPoints()).toEqual(["a"]);
});
