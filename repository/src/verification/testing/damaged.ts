import { open } from "node:fs/promises";
import { join } from "node:path";
import { chunkIdOf } from "@holdfast/shared/format/chunk-id";
import { toHex } from "@holdfast/shared/format/content-id";
import { recordHeaderSize } from "@holdfast/shared/format/record-header";
import { optionsOf } from "../../collection/testing/garbage.ts";
import { openRepositoryStore } from "../../store/open-repository-store.ts";
import type { RepositoryStore } from "../../store/repository-store.ts";
import {
  commitSample,
  createSample,
  sampleAttempt,
  sampleChunk,
  testChunkSize,
} from "../../store/testing/sample-repository.ts";

/** Seeds of the chunks whose records are damaged; they lie in one pack. */
export const damagedSeeds = [2, 3] as const;
/** Seeds of those that are as they were. */
export const soundSeeds = [1, 4, 5] as const;

/** Id of a sample chunk. */
export const idOfSeed = (seed: number): Uint8Array => chunkIdOf(sampleChunk(seed), testChunkSize);

/** The same in hexadecimal digits. */
export const hexOfSeed = (seed: number): string => toHex(idOfSeed(seed));

/** A repository of which two chunks were damaged on the disk: `hurt` uses them, `whole` does not. Answers with their pack. */
export const makeDamaged = async (folder: string): Promise<string> => {
  await createSample(join(folder, "r"));
  await using store = await openRepositoryStore(join(folder, "r"), optionsOf(folder));
  await commitSample(store, { attempt: sampleAttempt("hurt"), seeds: [1, ...damagedSeeds] });
  await commitSample(store, { attempt: sampleAttempt("whole"), seeds: [4, 1, 5] });
  return await damageOnDisk(store, join(folder, "r"), damagedSeeds);
};

/** Flips a bit of these chunks' records, behind the back of the repository in that folder. Answers with the pack of the last. */
export const damageOnDisk = async (
  store: RepositoryStore,
  directory: string,
  seeds: readonly number[],
): Promise<string> => {
  let pack = "";
  for (const place of await store.locate("chunk", Buffer.concat(seeds.map(idOfSeed)))) {
    if (!place) throw new Error("a chunk that was just stored is absent");
    pack = place.pack;
    await flipByte(join(directory, place.pack), place.offset + recordHeaderSize + 100);
  }
  return pack;
};

const flipByte = async (path: string, at: number): Promise<void> => {
  const file = await open(path, "r+");
  try {
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
    await file.write(Buffer.of((buffer[0] ?? 0) ^ 1), 0, 1, at);
  } finally {
    await file.close();
  }
};
