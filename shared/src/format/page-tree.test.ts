import * as fc from "fast-check";
import { expect, test } from "vitest";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { idAt, idSize, isZeroId, sha256, toHex, zeroId } from "./content-id.ts";
import { decodePage, encodePage, largestPageBytes, leafCapacity } from "./page.ts";
import { buildTree, leafCount, pageLength, placeOfChunk, rootLevel, treeShape } from "./page-tree.ts";
import { numberedIds } from "./testing/golden-samples.ts";

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return "none";
  } catch (caught) {
    return caught instanceof HoldfastError ? caught.code : String(caught);
  }
};

test("a tree has as many levels as its chunks need", () => {
  const levels = (chunks: number): readonly number[] => treeShape(chunks).pagesPerLevel;
  expect(levels(0)).toEqual([]);
  expect(levels(1)).toEqual([1]);
  expect(levels(1024)).toEqual([1]);
  expect(levels(1025)).toEqual([2, 1]);
  expect(levels(1024 * 256)).toEqual([256, 1]);
  expect(levels(1024 * 256 + 1)).toEqual([257, 2, 1]);
  expect(levels(2 ** 32)).toEqual([4_194_304, 16_384, 64, 1]);
  expect(codeOf(() => treeShape(2 ** 32 + 1))).toBe("INVALID_ARGUMENT");
  expect(codeOf(() => treeShape(-1))).toBe("INVALID_ARGUMENT");
});

test("the pages of every level list everything below exactly once", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 26 }), (chunks) => {
      const shape = treeShape(chunks);
      for (const [level, pages] of shape.pagesPerLevel.entries()) {
        const below = level === 0 ? chunks : (shape.pagesPerLevel[level - 1] ?? 0);
        const full = pageLength(shape, level, 0);
        const last = pageLength(shape, level, pages - 1);
        expect((pages - 1) * full + last).toBe(below);
        expect(last).toBeGreaterThan(0);
        expect(pageLength(shape, level, pages)).toBe(0);
      }
      expect(shape.pagesPerLevel[rootLevel(shape)]).toBe(1);
      expect(placeOfChunk(chunks - 1).leaf).toBe(leafCount(shape) - 1);
    }),
  );
});

test("the tree above leaves leads from its root to each of them", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 700 }), fc.nat(), (leaves, pick) => {
      const leafIds = numberedIds(leaves);
      const { root, nodes } = buildTree(leafIds);
      const byId = new Map(nodes.map((node) => [toHex(node.id), decodePage(node.bytes)]));
      const leaf = pick % leaves;
      const level1 = nodes.find((node) => node.level === 1 && node.index === Math.floor(leaf / 256));
      expect(toHex(idAt(byId.get(toHex(level1?.id ?? zeroId))?.ids ?? zeroId, leaf % 256))).toBe(
        toHex(idAt(leafIds, leaf)),
      );
      expect(toHex(nodes.at(-1)?.id ?? zeroId)).toBe(toHex(root));
    }),
    { numRuns: 50 },
  );
});

test("a disk of zeros has the zero root and nothing to store; one leaf is its own root", () => {
  expect(buildTree(new Uint8Array(600 * idSize))).toEqual({ root: zeroId, nodes: [] });
  expect(buildTree(new Uint8Array(0)).root).toEqual(zeroId);
  const leaf = sha256(new Uint8Array(1));
  expect(buildTree(leaf)).toEqual({ root: Uint8Array.from(leaf), nodes: [] });
});

test("growing a disk keeps every full page", () => {
  const before = buildTree(numberedIds(256 + 10)).nodes.filter(({ level }) => level === 1);
  const after = buildTree(numberedIds(256 * 3)).nodes.filter(({ level }) => level === 1);
  expect(toHex(after[0]?.id ?? zeroId)).toBe(toHex(before[0]?.id ?? zeroId));
});

test("pages survive encoding; a page of zeros is never bytes", () => {
  const page = encodePage({ level: 0, ids: numberedIds(leafCapacity) });
  expect(page.bytes.byteLength).toBe(largestPageBytes);
  expect(decodePage(page.bytes)).toMatchObject({ level: 0 });
  expect(isZeroId(encodePage({ level: 1, ids: new Uint8Array(64) }).id)).toBe(true);
});

test("damaged pages and later versions are refused", () => {
  const good = Uint8Array.from(encodePage({ level: 1, ids: numberedIds(4) }).bytes);
  const changed = (offset: number, value: number): Uint8Array => {
    const bytes = Uint8Array.from(good);
    bytes[offset] = value;
    return bytes;
  };
  expect(codeOf(() => decodePage(changed(0, 0)))).toBe("CHUNK_DAMAGED");
  expect(codeOf(() => decodePage(changed(4, 2)))).toBe("SCHEMA_TOO_NEW");
  expect(codeOf(() => decodePage(changed(5, 9)))).toBe("CHUNK_DAMAGED");
  expect(codeOf(() => decodePage(changed(6, 3)))).toBe("CHUNK_DAMAGED");
  expect(codeOf(() => decodePage(good.subarray(0, 5)))).toBe("CHUNK_DAMAGED");
  const zeros = new Uint8Array(8 + 64);
  zeros.set(good.subarray(0, 8));
  zeros[6] = 2;
  expect(codeOf(() => decodePage(zeros))).toBe("CHUNK_DAMAGED");
});
