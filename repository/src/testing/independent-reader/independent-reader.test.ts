import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { encodeBytes } from "@holdfast/shared/format/codec";
import { markRemoved, openCollecting } from "../../collection/testing/collecting.ts";
import { openRepositoryStore } from "../../store/open-repository-store.ts";
import {
  commitSample,
  createSample,
  sampleAttempt,
  sampleChunk,
  sampleOptions,
  temporaryFolder,
  testChunkSize,
} from "../../store/testing/sample-repository.ts";
import { decodeLz4Block } from "./lz4-block.ts";
import { DocumentedRepository } from "./open-documented.ts";
import { levelsOf } from "./tree.ts";

it("imports nothing but Node's own modules and itself", () => {
  const sources = readdirSync(import.meta.dirname).filter((name) => !name.endsWith(".test.ts"));
  const imports = sources.flatMap((name) =>
    [...readFileSync(join(import.meta.dirname, name), "utf8").matchAll(/from "([^"]+)"/g)].map((match) => match[1]),
  );
  expect(imports).not.toEqual([]);
  expect(imports.filter((specifier) => !/^(node:|\.\/)/.test(specifier ?? ""))).toEqual([]);
});

it("restores what the server committed, and no point that was removed", async () => {
  await using folder = await temporaryFolder();
  const root = join(folder.path, "repository");
  await createSample(root);
  await using store = await openRepositoryStore(root, sampleOptions(join(folder.path, "index")));
  await commitSample(store, { attempt: sampleAttempt("kept"), seeds: [1, 0, 2, 1] });
  await commitSample(store, { attempt: sampleAttempt("removed"), seeds: [3] });
  await store.writeMark("removed", (state) => ({ ...state, removed: { atMs: 1, reason: "old", belowFloor: true } }));

  const repository = await DocumentedRepository.open(root);
  expect(repository.points.map(({ pointId }) => pointId)).toEqual(["kept"]);
  const [disk] = repository.points[0]?.disks ?? [];
  if (!disk) throw new Error("no disk");
  const image = join(folder.path, "image");
  await repository.restore(disk, image);
  const zeros = new Uint8Array(testChunkSize);
  const expected = Buffer.concat([sampleChunk(1), zeros, sampleChunk(2), sampleChunk(1)]);
  expect((await readFile(image)).equals(expected)).toBe(true);
});

it("goes by the plans: a point that was collected is gone, and what was copied for others is found", async () => {
  await using folder = await temporaryFolder();
  const root = join(folder.path, "repository");
  await createSample(root);
  await using store = await openRepositoryStore(root, sampleOptions(join(folder.path, "index")));
  await commitSample(store, { attempt: sampleAttempt("removed"), seeds: [1, 3, 4, 5] });
  await commitSample(store, { attempt: sampleAttempt("kept"), seeds: [1, 2] });
  await markRemoved(store, "removed");
  const { collect } = await openCollecting(store);
  expect(await collect()).toMatchObject({ pointsRemoved: 1, packsCompacted: 1 });

  const repository = await DocumentedRepository.open(root);
  expect(repository.points.map(({ pointId }) => pointId)).toEqual(["kept"]);
  const [disk] = repository.points[0]?.disks ?? [];
  if (!disk) throw new Error("no disk");
  const image = join(folder.path, "image");
  await repository.restore(disk, image);
  expect((await readFile(image)).equals(Buffer.concat([sampleChunk(1), sampleChunk(2)]))).toBe(true);
});

it.each([1, 2, 3, 40])("decodes LZ4 as it is stored: sample %d", (seed) => {
  const phrase = Buffer.from(sampleChunk(seed, 300 * seed));
  // Literals of every length, matches far and near, and matches that overlap what they make.
  const plain = Buffer.concat([phrase, phrase.subarray(7), Buffer.alloc(5000, seed), phrase, Buffer.from("end")]);
  const { codec, bytes: stored } = encodeBytes(plain, "lz4");
  expect(codec).toBe("lz4");
  expect(decodeLz4Block(Buffer.from(stored).subarray(4), plain.length).equals(plain)).toBe(true);
});

it("knows the shape of trees from the number of chunks alone", () => {
  expect([0, 1, 1024, 1025, 262_144, 262_145].map(levelsOf)).toEqual([[], [1], [1], [2, 1], [256, 1], [257, 2, 1]]);
});
