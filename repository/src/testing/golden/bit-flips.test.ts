import { cp } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../store/testing/sample-repository.ts";
import { examineGolden, type GoldenFindings, ownGolden } from "./examine-golden.ts";
import { flip } from "./golden-damage.ts";

const good = join(import.meta.dirname, "..", "..", "..", "golden", "good");

interface Flip {
  /** What the bit belongs to. */
  readonly kind: string;
  readonly object: string;
  /** Of the byte with the bit; a negative one counts from the end. */
  readonly at: number;
  /** All that is found: what is not there is as it should be. */
  readonly found: GoldenFindings;
}

const pack = "packs/00000002/00000/0000000200000001";
const pages = "packs/00000002/00000/0000000200000002";
const point = "points/a2/00000002-00000002.point";
const mark = "points/removed/marks/00000001";
const tasks = { opened: "tasks/a1/00000001-00000001.opened", fenced: "tasks/orphan/00000002-00000002.fenced" };
const orphan = "tasks/orphan/00000001-00000001.opened";
const committed = "tasks/b1/committed";

const header = 64;
const recordHeader = 144;
const inText = 60;
const unsummed = (name: string): string => `REPOSITORY_DAMAGED: ${name} does not match its checksum`;
const uncertain = (name: string): string =>
  `REPOSITORY_DAMAGED: ${name} cannot be read: nobody knows which packs it condemned`;

const flips: readonly Flip[] = [
  {
    kind: "the descriptor",
    object: "descriptor",
    at: inText,
    found: { reading: unsummed("descriptor"), owning: unsummed("descriptor") },
  },
  // A reader needs no plans of which nothing is left; an owner must know.
  { kind: "a plan", object: "plans/00000001", at: inText, found: { owning: uncertain("plans/00000001") } },
  {
    kind: "the clock",
    object: "clock/00000002",
    at: inText,
    found: { deletion: "what was known of the clock is damaged: deletion waits for an operator" },
  },
  {
    kind: "a pack header",
    object: pack,
    at: 33,
    found: {
      damagedPacks: [pack],
      hurt: { a2: ["system 3 1 CHUNK_MISSING", "scratch 1028 1 CHUNK_MISSING"] },
    },
  },
  {
    kind: "a record header",
    object: pack,
    at: header + 50,
    found: { hurt: { a2: ["system 3 1 CHUNK_DAMAGED"] } },
  },
  {
    kind: "the stored bytes of a chunk",
    object: pack,
    at: header + recordHeader + 5,
    found: { hurt: { a2: ["system 3 1 CHUNK_DAMAGED"] } },
  },
  {
    kind: "the stored bytes of a page",
    object: pages,
    at: header + recordHeader + 5,
    found: { hurt: { a2: ["system 0 4 CHUNK_DAMAGED"] } },
  },
  { kind: "a table of contents", object: pack, at: -inText, found: { damagedPacks: [pack] } },
  { kind: "a footer", object: pack, at: -40, found: { damagedPacks: [pack] } },
  {
    kind: "a point's envelope",
    object: point,
    at: 1,
    found: { unreadable: { a2: `REPOSITORY_DAMAGED: ${point} does not start with its magic` } },
  },
  { kind: "a commit part", object: point, at: inText, found: { unreadable: { a2: unsummed(point) } } },
  { kind: "a manifest", object: point, at: 400, found: { unreadable: { a2: unsummed(point) } } },
  { kind: "a mark", object: mark, at: inText, found: { unreadable: { removed: unsummed(mark) } } },
  {
    kind: "an opened attempt of a task that has its point",
    object: tasks.opened,
    at: inText,
    found: { attempts: { a1: unsummed(tasks.opened) } },
  },
  {
    kind: "an opened attempt of a task without one",
    object: orphan,
    at: inText,
    found: { unreadable: { orphan: unsummed(orphan) }, attempts: { orphan: unsummed(orphan) } },
  },
  {
    kind: "a fence",
    object: tasks.fenced,
    at: inText,
    found: { unreadable: { orphan: unsummed(tasks.fenced) }, attempts: { orphan: unsummed(tasks.fenced) } },
  },
  {
    kind: "what commits a task",
    object: committed,
    at: inText,
    found: { unreadable: { b1: unsummed(committed) }, attempts: { b1: unsummed(committed) } },
  },
];

const copyOfGood = async (folder: string): Promise<string> => {
  const root = join(folder, "r");
  await cp(good, root, { recursive: true });
  return root;
};

describe("one flipped bit", () => {
  it("that is flipped back is nothing", async () => {
    await using folder = await temporaryFolder();
    const root = await copyOfGood(folder.path);
    for (let times = 0; times < 2; times += 1) await flip(join(root, "descriptor"), inText);
    expect(await examineGolden(root, join(folder.path, "index"))).toEqual({});
  });

  it.each(flips)("in $kind is found and named, and the rest is read", async ({ object, at, found }) => {
    await using folder = await temporaryFolder();
    const root = await copyOfGood(folder.path);
    await flip(join(root, object), at);
    expect(await examineGolden(root, join(folder.path, "index"))).toEqual(found);
  });

  it("in the epoch that an index followed makes the index anew, and hinders nobody", async () => {
    await using folder = await temporaryFolder();
    const root = await copyOfGood(folder.path);
    const index = join(folder.path, "index");
    {
      await using store = await ownGolden(root, index);
      expect(store.epoch).toBe(3);
    }
    await flip(join(root, "epochs", "00000003"), inText);
    expect(await examineGolden(root, index)).toEqual({});
  });
});
