import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import * as fc from "fast-check";
import { sha256 } from "@holdfast/shared/format/content-id";
import { parseRepositoryId } from "@holdfast/shared/format/repository-id";
import { expect, test } from "vitest";
import { encodePackContents, packFooterSize } from "../store/pack-contents.ts";
import { temporaryFolder } from "../store/testing/sample-repository.ts";
import { BloomFilter } from "./bloom-filter.ts";
import { ChunkFilter } from "./chunk-filter.ts";
import { IndexDatabase } from "./index-database.ts";
import { IndexClient } from "./index-client.ts";

const idOf = (number: number): Uint8Array => sha256(Uint8Array.of(number & 255, (number >> 8) & 255, number >> 16));

/** A table of contents of chunks `first` … */
const tableOf = (first: number, count: number): Uint8Array => {
  const entries = Array.from({ length: count }, (_, index) => ({
    id: idOf(first + index),
    offset: 64 + index,
    plainLength: 1000,
    storedLength: 500,
    kind: "chunk" as const,
    codec: "zstd" as const,
    level: 0,
  }));
  const bytes = encodePackContents(new Uint8Array(64), entries);
  return bytes.subarray(0, bytes.byteLength - packFooterSize);
};

const packOf = (sequence: number, first: number, count: number) => ({
  epoch: 1,
  sequence,
  kind: "chunk" as const,
  sizeBytes: 1,
  createdMs: 1,
  table: tableOf(first, count),
});

test("a filter never forgets a key, and is seldom wrong about others", () => {
  const filter = new BloomFilter(10_000);
  for (let number = 0; number < 10_000; number += 1) filter.add(idOf(number));
  let wrong = 0;
  for (let number = 0; number < 10_000; number += 1) {
    expect(filter.mayHave(idOf(number))).toBe(true);
    if (filter.mayHave(idOf(number + 10_000))) wrong += 1;
  }
  expect(wrong).toBeLessThan(300);
});

test("lookups answer in the order asked, whatever is absent in between", async () => {
  await using folder = await temporaryFolder();
  using database = new IndexDatabase(join(folder.path, "index"), "r");
  database.addPack(packOf(1, 0, 2500));
  using filter = new ChunkFilter(database);
  fc.assert(
    fc.property(fc.array(fc.nat(5000), { maxLength: 50 }), (numbers) => {
      const rows = filter.lookup(Buffer.concat(numbers.map(idOf)));
      expect(rows.map((row) => row?.offset)).toEqual(
        numbers.map((number) => (number < 2500 ? 64 + number : undefined)),
      );
    }),
  );
});

test("a pack that was indexed in part is not known, and is completed under the same number", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "index");
  {
    using database = new IndexDatabase(path, "r");
    database.addPack(packOf(1, 0, 10));
    database.addPack(packOf(2, 10, 1500));
  }
  {
    const connection = new Database(path);
    connection.exec(
      "UPDATE packs SET complete = 0 WHERE sequence = 2; DELETE FROM chunks WHERE pack = 2 AND offset > 1000",
    );
    connection.close();
  }
  using database = new IndexDatabase(path, "r");
  expect(database.packs().filter(({ isComplete }) => isComplete)).toMatchObject([{ epoch: 1, sequence: 1 }]);
  expect(database.lookup("chunk", idOf(1400))).toEqual([undefined]);
  database.addPack(packOf(2, 10, 1500));
  expect(database.lookup("chunk", idOf(1400))[0]).toMatchObject({ epoch: 1, sequence: 2 });
});

test("an index of another repository is thrown away", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "index");
  {
    using database = new IndexDatabase(path, "r");
    database.addPack(packOf(1, 0, 10));
    database.setHistory({ epoch: 3, token: "t" });
    expect(database.history()).toEqual({ epoch: 3, token: "t" });
  }
  using database = new IndexDatabase(path, "other");
  expect(database.history()).toBeUndefined();
  expect(database.counts()).toEqual({ packs: 0, packBytes: 0, chunks: 0, pages: 0 });
});

test("an index that proves to be damaged while in use is gone at the next start, and says so until then", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "index");
  {
    using database = new IndexDatabase(path, "r");
    for (let pack = 1; pack <= 5; pack += 1) database.addPack(packOf(pack, pack * 1000, 1000));
  }
  const bytes = await readFile(path);
  bytes.fill(0x5a, 4096 * 12);
  await writeFile(path, bytes);
  {
    using database = new IndexDatabase(path, "r");
    const ids = Buffer.concat(Array.from({ length: 5000 }, (_, index) => idOf(1000 + index)));
    for (let turn = 0; turn < 2; turn += 1) {
      expect(() => database.use(() => database.lookup("chunk", ids))).toThrow("cannot be used");
    }
  }
  using database = new IndexDatabase(path, "r");
  expect(database.counts().packs).toBe(0);
});

test("the index works in its own thread, and the filter is filled from an index that was there", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "index");
  for (let run = 0; run < 2; run += 1) {
    await using client = await IndexClient.open(path, "r");
    await client.addPack({
      header: {
        repositoryId: parseRepositoryId("0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0"),
        kind: "chunk",
        epoch: 1,
        sequence: run + 1,
        createdMs: 0,
      },
      sizeBytes: 7,
      table: tableOf(run * 1000, 1000),
      found: "table",
    });
    const ids = Buffer.concat([idOf(5), idOf(999_999), idOf(run * 1000 + 7)]);
    for (let turn = 0; turn < 3; turn += 1) {
      expect((await client.lookup("chunk", ids)).map((row) => row !== undefined)).toEqual([true, false, true]);
    }
    expect(await client.counts()).toMatchObject({ packs: run + 1, chunks: (run + 1) * 1000 });
  }
});
