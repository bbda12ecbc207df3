import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chunkIdOf } from "@holdfast/shared/format/chunk-id";
import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import { expect, test } from "vitest";
import { toRecordAt } from "../verification/judge-record.ts";
import { openRepositoryReader, openRepositoryStore } from "./open-repository-store.ts";
import type { RecordLocation, RepositoryReader } from "./repository-store.ts";
import { inlineThreads } from "./testing/inline-threads.ts";
import {
  commitSample,
  createSample,
  sampleAttempt,
  sampleChunk,
  sampleOptions,
  temporaryFolder,
  testChunkSize,
} from "./testing/sample-repository.ts";

const idOf = (seed: number): Uint8Array => chunkIdOf(sampleChunk(seed), testChunkSize);

/** A repository with a point of chunks 1 to 3, and how to open it. */
const openSample = async () => {
  const folder = await temporaryFolder();
  const directory = join(folder.path, "r");
  await createSample(directory);
  const indexPath = join(folder.path, "index");
  const open = () => openRepositoryStore(directory, { ...sampleOptions(indexPath), threads: inlineThreads });
  {
    await using store = await open();
    await commitSample(store, { attempt: sampleAttempt("t"), seeds: [1, 2, 3] });
  }
  return { directory, indexPath, open, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
};

const present = async (reader: RepositoryReader): Promise<readonly boolean[]> => {
  const found = await reader.locate("chunk", Buffer.concat([1, 2, 3].map(idOf)));
  return found.map((location) => location !== undefined);
};

const locationOf = async (reader: RepositoryReader, seed: number): Promise<RecordLocation> => {
  const [location] = await reader.locate("chunk", idOf(seed));
  if (location === undefined) throw new Error(`chunk ${seed} is absent`);
  return location;
};

const filesBelow = async (directory: string): Promise<readonly string[]> =>
  (await readdir(directory, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

test("a record in quarantine is absent to its owner, to the next one, to an index made anew and to bare readers", async () => {
  await using sample = await openSample();
  {
    await using store = await sample.open();
    const { absences } = store;
    await store.quarantine([toRecordAt(await locationOf(store, 2))]);
    expect(store.absences).toBeGreaterThan(absences);
    expect(await present(store)).toEqual([true, false, true]);
    expect((await store.quarantinedIds()).map(({ id }) => Buffer.from(id))).toEqual([Buffer.from(idOf(2))]);
    await store.rebuildIndex();
    expect(await present(store)).toEqual([true, false, true]);
  }
  await using next = await sample.open();
  expect(await present(next)).toEqual([true, false, true]);
  await using bare = await openRepositoryReader(sample.directory);
  expect(await present(bare)).toEqual([true, false, true]);
});

test("an id is there again once a writer sent it, and stays so when the index is made anew", async () => {
  await using sample = await openSample();
  await using store = await sample.open();
  await store.quarantine([toRecordAt(await locationOf(store, 2))]);
  await commitSample(store, { attempt: sampleAttempt("u"), seeds: [2] });
  expect(await present(store)).toEqual([true, true, true]);
  expect(await store.quarantinedIds()).toEqual([]);
  await store.rebuildIndex();
  await store.verifyRecord("chunk", idOf(2));
});

test("an index that forgot that it dropped a record is told again, also by an object that is damaged itself", async () => {
  await using sample = await openSample();
  let place: string;
  {
    await using store = await sample.open();
    const { epoch, sequence, offset } = toRecordAt(await locationOf(store, 2));
    const hex = (number: number): string => number.toString(16).padStart(8, "0");
    place = join(sample.directory, "quarantine", `${hex(epoch)}${hex(sequence)}`, hex(offset));
  }
  await mkdir(join(place, ".."), { recursive: true });
  await writeFile(place, "not what it was");
  await using next = await sample.open();
  expect(await present(next)).toEqual([true, false, true]);
});

test("a pack that is gone is forgotten with all its records, and one that is there is not", async () => {
  await using sample = await openSample();
  await using store = await sample.open();
  const location = await locationOf(store, 1);
  const at = toRecordAt(location);
  expect(await store.forgetPack(at)).toEqual([]);
  expect(await present(store)).toEqual([true, true, true]);
  await rm(join(sample.directory, location.pack));
  const gone = await store.forgetPack(at);
  expect(gone).toHaveLength(3);
  expect(await present(store)).toEqual([false, false, false]);
  expect(await store.forgetPack(at)).toEqual([]);
  expect(await filesBelow(join(sample.directory, "packs"))).toHaveLength(1);
});

test("an owner that lost the repository puts nothing away", async () => {
  await using sample = await openSample();
  await using store = await sample.open();
  const at = toRecordAt(await locationOf(store, 2));
  await using _next = await sample.open();
  const refusal: unknown = await store.quarantine([at]).catch((caught: unknown) => caught);
  expect(hasCode(refusal, "REPOSITORY_NOT_OWNED")).toBe(true);
  expect(await present(store)).toEqual([true, true, true]);
});
