import { join } from "node:path";
import { fromHex, idAt, idCount, isZeroId } from "@holdfast/shared/format/content-id";
import { expect } from "vitest";
import { openRepositoryStore } from "../../store/open-repository-store.ts";
import type { RepositoryReader, RepositoryStore } from "../../store/repository-store.ts";
import { inlineThreads } from "../../store/testing/inline-threads.ts";
import { commitSample, createSample, sampleAttempt, sampleOptions } from "../../store/testing/sample-repository.ts";
import { markRemoved } from "./collecting.ts";

/** How tests of a folder own its repository. */
export const optionsOf = (folder: string, index = "index") => ({
  ...sampleOptions(join(folder, index)),
  threads: inlineThreads,
});

/**
 * A repository in which everything is to be done: `removed` is gone, its page too, and of its chunks 1, 2 and 3 only the first
 * is still needed, by `kept`.
 */
export const makeGarbage = async (folder: string): Promise<void> => {
  await createSample(join(folder, "r"));
  await using store = await openRepositoryStore(join(folder, "r"), optionsOf(folder));
  await leaveGarbage(store);
};

/** The same in a repository that is there. */
export const leaveGarbage = async (store: RepositoryStore): Promise<void> => {
  await commitSample(store, { attempt: sampleAttempt("removed"), seeds: [1, 2, 3] });
  await commitSample(store, { attempt: sampleAttempt("kept"), seeds: [1, 4] });
  await markRemoved(store, "removed");
};

/** R1: everything that listed points name is there and is what its id says. */
export const expectWhole = async (reader: RepositoryReader): Promise<readonly string[]> => {
  const points = [...(await reader.listPoints())].sort();
  for (const pointId of points) {
    const point = await reader.readPoint(pointId);
    for (const { root } of point?.manifest.clear.disks ?? []) await expectDiskWhole(reader, fromHex(root));
  }
  return points;
};

const expectDiskWhole = async (reader: RepositoryReader, root: Uint8Array): Promise<void> => {
  const { ids } = await reader.readPage(root);
  for (let index = 0; index < idCount(ids); index += 1) {
    if (!isZeroId(idAt(ids, index))) await reader.verifyRecord("chunk", idAt(ids, index));
  }
};

/** Nothing that a plan names is left, and the index knows exactly the packs that are there. */
export const expectCollected = async (store: RepositoryStore): Promise<void> => {
  expect(store.collection.hasUnfinished).toBe(false);
  const { condemned } = store.collection;
  for (const pack of await store.collection.packs()) expect(condemned.packs.has(pack)).toBe(false);
};
