import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { sha256 } from "@holdfast/shared/format/content-id";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../store/testing/sample-repository.ts";
import { IndexDatabase, type IndexedPack } from "./index-database.ts";
import { createIndexService } from "./index-service.ts";
import { KeyOrderLoad } from "./key-order-load.ts";
import { syntheticId, syntheticPack, syntheticPacks, syntheticRecords } from "./testing/synthetic-tables.ts";

/** Few enough that everything happens: blocks go to the file, partitions are split, down to ids that agree wholly. */
const limits = { blockEntries: 2, partEntries: 4 };

/** All that lookups can see, in key order. */
const rowsOf = (path: string): unknown => {
  using connection = disposable(new Database(path, { readonly: true }));
  const rows = (table: string, level: string): unknown[] =>
    connection.value
      .prepare(
        `SELECT hex(id) AS id, epoch, sequence, complete, offset, plain, stored, slot, ${level} AS level
         FROM ${table} JOIN packs ON packs.number = pack ORDER BY id`,
      )
      .all();
  return { chunks: rows("chunks", "0"), pages: rows("pages", "level") };
};

const disposable = (value: Database.Database) => ({
  value,
  [Symbol.dispose]: () => {
    value.close();
  },
});

const loadAll = (database: IndexDatabase, packs: Iterable<IndexedPack>, options = {}): void => {
  using load = new KeyOrderLoad(database, options);
  for (const pack of packs) load.add(pack);
  while (load.loadNext());
};

/** Ids that agree in their first bytes, by a small number; the same ids often. */
const closeId = (number: number): Uint8Array => {
  const id = new Uint8Array(32).fill(7);
  id[number % 33] = 9;
  return id;
};

const packsArbitrary = fc.array(
  fc.record({
    kind: fc.constantFrom("chunk" as const, "page" as const),
    ids: fc.array(
      fc.oneof(
        fc.nat(60).map((number) => sha256(Uint8Array.of(number))),
        fc.nat(32).map(closeId),
      ),
      { maxLength: 20 },
    ),
    absentSlots: fc.array(fc.nat(20), { maxLength: 3 }),
  }),
  { maxLength: 12 },
);

interface Progress {
  readonly rows: number;
  readonly greatest: string;
  readonly behind: number;
}

describe("a load in key order", () => {
  it("gives the same rows as adding pack by pack, whatever the ids, also of records in several packs", async () => {
    await using folder = await temporaryFolder();
    let run = 0;
    fc.assert(
      fc.property(packsArbitrary, (shapes) => {
        run += 1;
        const packs = shapes.map(({ kind, ids, absentSlots }, index) => ({
          absent: absentSlots.map((slot) => 64 + index * 1000 + slot),
          ...syntheticPack(
            index + 1,
            kind,
            ids.map((id, slot) => ({ id, offset: 64 + index * 1000 + slot })),
          ),
        }));
        const [plain, loaded] = [join(folder.path, `plain-${run}`), join(folder.path, `loaded-${run}`)];
        {
          using database = new IndexDatabase(plain, "r");
          for (const pack of packs) database.addPack(pack);
          using other = new IndexDatabase(loaded, "r");
          loadAll(other, packs, { limits });
        }
        expect(rowsOf(loaded)).toEqual(rowsOf(plain));
      }),
      { numRuns: 25 },
    );
  });

  it("writes the tables from front to back, and leaves no file behind", async () => {
    await using folder = await temporaryFolder();
    using database = new IndexDatabase(join(folder.path, "index"), "r");
    using load = new KeyOrderLoad(database, { limits: { blockEntries: 16, partEntries: 200 } });
    for (const pack of syntheticPacks(5000)) load.add(pack);
    expect(existsSync(join(folder.path, "index-spool"))).toBe(false);
    const progress: { rows: number; greatest: string }[] = [{ rows: 0, greatest: "" }];
    while (load.loadNext()) {
      const before = progress.at(-1);
      database.transact((connection) => {
        const look = `SELECT count(*) AS rows, max(hex(id)) AS greatest,
          count(*) FILTER (WHERE hex(id) > ?) AS behind FROM chunks`;
        const { behind, ...now } = connection.prepare(look).get(before?.greatest) as Progress;
        expect(behind).toBe(now.rows - (before?.rows ?? 0));
        progress.push(now);
      });
    }
    expect(progress.length).toBeGreaterThan(20);
    expect(progress.at(-1)?.rows).toBe(database.counts().chunks);
  });

  it("that is cut off completes no pack, and is done again", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "index");
    const packs = [...syntheticPacks(2000)];
    {
      using database = new IndexDatabase(path, "r");
      using load = new KeyOrderLoad(database, { limits });
      for (const pack of packs) load.add(pack);
      for (let part = 0; part < 30; part += 1) load.loadNext();
    }
    using database = new IndexDatabase(path, "r");
    expect(database.packs()).toHaveLength(packs.length);
    expect(database.packs().filter(({ isComplete }) => isComplete)).toEqual([]);
    expect(database.counts()).toMatchObject({ packs: 0, chunks: 0 });
    loadAll(database, packs);
    expect(database.counts()).toMatchObject({ packs: packs.length, chunks: packs.length * syntheticRecords });
    const found = database.lookup("chunk", Buffer.concat([syntheticId(0), syntheticId(1999)]));
    expect(found.map((row) => row?.sequence)).toEqual([1, packs.length]);
  });

  it("that finds no room for its spool says so, and completes nothing", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "index");
    await mkdir(`${path}-spool`);
    using database = new IndexDatabase(path, "r");
    using load = new KeyOrderLoad(database, { limits });
    expect(() => {
      for (const pack of syntheticPacks(2000)) load.add(pack);
    }).toThrow(expect.objectContaining({ code: "IO_FAILED" }));
    expect(database.counts().packs).toBe(0);
  });
});

describe("an index in a load", () => {
  it("takes what comes while parts are loaded behind all of them, and drops find what was gathered", async () => {
    await using folder = await temporaryFolder();
    using service = createIndexService();
    const { calls } = service;
    const ids = Buffer.concat([syntheticId(1), syntheticId(2), syntheticId(3)]);
    const all = [1, 2, 3].map((number) => ({ id: syntheticId(number), offset: number }));
    const first = syntheticPack(1, "chunk", all);
    const sequences = (): (number | undefined)[] => {
      const flat = calls.lookup({ kind: "chunk", ids });
      return [0, 7, 14].map((at) => flat[at + 1]);
    };
    calls.open({ path: join(folder.path, "index"), repositoryId: "r" });

    calls.beginLoad(undefined);
    calls.addPack(first);
    expect(sequences()).toEqual([0, 0, 0]);
    expect(calls.loadNext(undefined)).toBe(true);
    calls.addPack(syntheticPack(2, "chunk", all.slice(1)));
    calls.endLoad(undefined);
    expect(sequences()).toEqual([1, 2, 2]);

    calls.beginLoad(undefined);
    calls.addPack(syntheticPack(3, "chunk", all.slice(2)));
    calls.dropPack(first);
    calls.endLoad(undefined);
    expect(sequences()).toEqual([0, 2, 3]);

    calls.beginLoad(undefined);
    calls.addPack(syntheticPack(4, "chunk", all));
    calls.endLoad(undefined);
    expect(sequences()).toEqual([0, 2, 3]);
    expect(calls.counts(undefined)).toMatchObject({ packs: 2 });
  });

  it("whose spool failed goes on failing, and calls no pack complete, until the load is given up", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "index");
    await mkdir(`${path}-spool`);
    using service = createIndexService();
    const { calls } = service;
    calls.open({ path, repositoryId: "r" });
    calls.beginLoad(undefined);
    // As many of one first byte as fill a block.
    const ids = Array.from({ length: 1100 }, (_, index) =>
      Uint8Array.from([7, index >> 8, index, ...new Uint8Array(29)]),
    );
    const pack = syntheticPack(
      1,
      "chunk",
      ids.map((id, offset) => ({ id, offset })),
    );
    for (const again of [() => calls.addPack(pack), () => calls.loadNext(undefined), () => calls.dropPack(pack)])
      expect(again).toThrow(expect.objectContaining({ code: "IO_FAILED" }));
    expect(calls.counts(undefined)).toMatchObject({ packs: 0 });
    calls.endLoad(undefined);
    calls.addPack(pack);
    expect(calls.counts(undefined)).toMatchObject({ packs: 1, chunks: 1100 });
  });

  it("that proves to be damaged says so, and ends its load all the same", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "index");
    {
      using database = new IndexDatabase(path, "r");
      loadAll(database, syntheticPacks(5000));
    }
    const bytes = await readFile(path);
    bytes.fill(0x5a, 4096 * 12);
    await writeFile(path, bytes);
    using service = createIndexService();
    const { calls } = service;
    calls.open({ path, repositoryId: "r" });
    calls.beginLoad(undefined);
    for (const pack of syntheticPacks(2000)) calls.addPack(pack);
    expect(() => {
      while (calls.loadNext(undefined));
    }).toThrow(expect.objectContaining({ code: "IO_FAILED" }));
    calls.endLoad(undefined);
  });
});
