import { readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { goldenChunkId } from "./golden-disks.ts";

/** What a verification finds in one point. */
export interface ExpectedPoint {
  readonly pointId: string;
  readonly damaged: readonly {
    readonly diskId: string;
    readonly firstPosition: number;
    readonly count: number;
    readonly code: "CHUNK_DAMAGED" | "CHUNK_MISSING";
  }[];
}

/** The sound repositories: one plain, one encrypted. */
export type GoldenName = "good" | "sealed";

/** Harm done to a copy of a sound repository, and what everybody must find. */
export interface GoldenDamage {
  readonly name: string;
  /** Which sound repository is damaged. */
  readonly of: GoldenName;
  readonly expected: {
    /** In words. */
    readonly harm: string;
    /** Of the points that are listed. */
    readonly points: readonly ExpectedPoint[];
    /** Points whose own objects cannot be read. */
    readonly unreadable: readonly string[];
  };
  readonly damage: (root: string, idKey: Uint8Array | undefined) => Promise<void>;
}

const sound = (...pointIds: readonly string[]): ExpectedPoint[] =>
  pointIds.map((pointId) => ({ pointId, damaged: [] }));
const hurt = (pointId: string, ...damaged: ExpectedPoint["damaged"]): ExpectedPoint => ({ pointId, damaged });
const at = (diskId: string, firstPosition: number, code: "CHUNK_DAMAGED" | "CHUNK_MISSING", count = 1) => ({
  diskId,
  firstPosition,
  count,
  code,
});

/** Every kind of harm that has a golden repository. */
export const goldenDamage: readonly GoldenDamage[] = [
  {
    name: "chunk-flipped",
    of: "good",
    expected: {
      harm: "one bit of the stored bytes of a chunk that both machines use",
      points: [
        hurt("a1", at("system", 2, "CHUNK_DAMAGED")),
        hurt("a2", at("system", 2, "CHUNK_DAMAGED")),
        hurt("b1", at("root", 0, "CHUNK_DAMAGED")),
      ],
      unreadable: [],
    },
    damage: async (root) => {
      await flipRecord(root, goldenChunkId("shared"));
    },
  },
  {
    name: "sealed-chunk-flipped",
    of: "sealed",
    expected: {
      harm: "one bit of the sealed bytes of a chunk that both machines use",
      points: [
        hurt("a1", at("system", 2, "CHUNK_DAMAGED")),
        hurt("a2", at("system", 2, "CHUNK_DAMAGED")),
        hurt("b1", at("root", 0, "CHUNK_DAMAGED")),
      ],
      unreadable: [],
    },
    damage: async (root, idKey) => {
      await flipRecord(root, goldenChunkId("shared", idKey));
    },
  },
  {
    name: "table-flipped",
    of: "good",
    expected: { harm: "one bit of a table of contents", points: sound("a1", "a2", "b1"), unreadable: [] },
    damage: async (root) => {
      await flip(await packOf(root, goldenChunkId("boot")), -60);
    },
  },
  {
    name: "pack-missing",
    of: "good",
    expected: {
      harm: "the pack with the chunks of the second day is gone",
      points: [
        ...sound("a1"),
        hurt("a2", at("system", 3, "CHUNK_MISSING"), at("scratch", 1028, "CHUNK_MISSING")),
        ...sound("b1"),
      ],
      unreadable: [],
    },
    damage: async (root) => {
      await rm(await packOf(root, goldenChunkId("changed")));
    },
  },
  {
    name: "pack-cut",
    of: "good",
    expected: {
      harm: "the pack with the chunks of the first day ends amid the record of its last chunk but one",
      points: [
        hurt("a1", at("scratch", 0, "CHUNK_MISSING", 2)),
        hurt("a2", at("scratch", 0, "CHUNK_MISSING", 2)),
        hurt("b1", at("root", 1, "CHUNK_MISSING")),
      ],
      unreadable: [],
    },
    damage: async (root) => {
      const pack = await packOf(root, goldenChunkId("noise"));
      await truncate(pack, storedAt(await readFile(pack), goldenChunkId("noise")) + 700);
    },
  },
  {
    name: "point-flipped",
    of: "good",
    expected: { harm: "one bit of a manifest", points: sound("a1", "b1"), unreadable: ["a2"] },
    damage: async (root) => {
      await flip(join(root, "points", "a2", await onlyFile(join(root, "points", "a2"))), 400);
    },
  },
  {
    name: "committed-torn",
    of: "good",
    expected: { harm: "the object that commits a task is cut short", points: sound("a1", "a2"), unreadable: ["b1"] },
    damage: async (root) => {
      await truncate(join(root, "tasks", "b1", "committed"), 50);
    },
  },
];

/** Where the stored bytes of the record of an id begin in a pack. */
const storedAt = (pack: Buffer, id: Uint8Array): number => pack.indexOf(id) - 44 + 144;

/** The pack that holds the record of an id: in its header the id stands long before the table of contents. */
const packOf = async (root: string, id: Uint8Array): Promise<string> => {
  const entries = await readdir(join(root, "packs"), { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    const found = bytes.indexOf(id);
    // A page names the id too; a record's header begins 44 bytes before it.
    if (found >= 44 && bytes.toString("latin1", found - 44, found - 40) === "HFRC") return path;
  }
  throw new Error("no pack has that chunk");
};

const flipRecord = async (root: string, id: Uint8Array): Promise<void> => {
  const pack = await packOf(root, id);
  await flip(pack, storedAt(await readFile(pack), id) + 20);
};

/** Flips one bit; a negative position counts from the end. */
export const flip = async (path: string, position: number): Promise<void> => {
  const bytes = await readFile(path);
  const offset = position < 0 ? bytes.byteLength + position : position;
  bytes[offset] = (bytes[offset] ?? 0) ^ 0x10;
  await writeFile(path, bytes);
};

const onlyFile = async (folder: string): Promise<string> => {
  const [name, ...others] = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile());
  if (!name || others.length > 0) throw new Error(`${folder} has more or less than one file`);
  return name.name;
};
