import { join } from "node:path";
import { chunkIdOf } from "@holdfast/shared/format/chunk-id";
import { expect, test } from "vitest";
import { openRepositoryReader, openRepositoryStore } from "../store/open-repository-store.ts";
import { inlineThreads } from "../store/testing/inline-threads.ts";
import { sampleChunk, temporaryFolder, testChunkSize } from "../store/testing/sample-repository.ts";
import { openCollecting } from "./testing/collecting.ts";
import { expectWhole, makeGarbage, optionsOf } from "./testing/garbage.ts";

const idOf = (seed: number): Uint8Array => chunkIdOf(sampleChunk(seed), testChunkSize);

test("a reader of the bare directory goes on reading what a collection moves", async () => {
  await using folder = await temporaryFolder();
  await makeGarbage(folder.path);
  await using reader = await openRepositoryReader(join(folder.path, "r"), { threads: inlineThreads });
  const [before] = await reader.locate("chunk", idOf(1));
  expect(before).toBeDefined();
  {
    await using store = await openRepositoryStore(join(folder.path, "r"), optionsOf(folder.path));
    expect(await (await openCollecting(store)).collect()).toMatchObject({ packsCompacted: 1 });
    // The owner's own readers find it by looking again.
    if (before) expect((await store.readAt(before)).byteLength).toBeGreaterThan(0);
  }
  if (before) expect((await reader.readAt(before)).byteLength).toBeGreaterThan(0);
  expect(await expectWhole(reader)).toEqual(["kept"]);
  const [gone] = await reader.locate("chunk", idOf(3));
  expect(gone).toBeUndefined();
});
