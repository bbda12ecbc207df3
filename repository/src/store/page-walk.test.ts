import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import { equalBytes, idAt, idSize, sha256, toHex, zeroId } from "@holdfast/shared/format/content-id";
import { decodePage, encodePage, type Page } from "@holdfast/shared/format/page";
import { buildTree, treeShape } from "@holdfast/shared/format/page-tree";
import { expect, test } from "vitest";
import { type LeafRange, walkLeaves } from "./page-walk.ts";

const leaves = 600;
const zeroLeaf = 5;

/** A disk of 600 leaves of one distinct chunk each, but one of zeros, its last leaf holding 7 chunks. */
const makeDisk = () => {
  const pages = new Map<string, Page>();
  const leafIds = new Uint8Array(leaves * idSize);
  for (let leaf = 0; leaf < leaves; leaf += 1) {
    const ids = new Uint8Array((leaf === leaves - 1 ? 7 : 1024) * idSize);
    if (leaf !== zeroLeaf) ids.set(sha256(Uint8Array.of(leaf & 255, leaf >> 8)));
    const { id, bytes } = encodePage({ level: 0, ids });
    if (bytes.byteLength > 0) pages.set(toHex(id), decodePage(bytes));
    leafIds.set(id, leaf * idSize);
  }
  const { root, nodes } = buildTree(leafIds);
  for (const { id, bytes } of nodes) pages.set(toHex(id), decodePage(bytes));
  return { pages, leafIds, root, shape: treeShape((leaves - 1) * 1024 + 7) };
};

test("leaves come in order, from anywhere, and each node above them is read once", async () => {
  const { pages, leafIds, root, shape } = makeDisk();
  let read = 0;
  const readPage = async (id: Uint8Array): Promise<Page> => {
    read += 1;
    return await Promise.resolve(pages.get(toHex(id)) ?? { level: 9, ids: zeroId });
  };
  const range: LeafRange = { root, shape, firstLeaf: 3, count: 1000, idsOnly: true };
  const walked = await Array.fromAsync(walkLeaves(range, readPage));
  expect(walked.map(({ leaf }) => leaf)).toEqual(Array.from({ length: leaves - 3 }, (_, index) => index + 3));
  expect(walked.every(({ leaf, pageId }) => equalBytes(pageId, idAt(leafIds, leaf)))).toBe(true);
  expect(read).toBe(4);
  const few = await Array.fromAsync(walkLeaves({ ...range, count: 3, idsOnly: false }, readPage));
  expect(few.map(({ chunkIds }) => chunkIds?.byteLength)).toEqual([1024 * 32, 1024 * 32, undefined]);
});

test("a disk of zeros has leaves of zeros and reads nothing", async () => {
  const range: LeafRange = { root: zeroId, shape: treeShape(3000), firstLeaf: 0, count: 10, idsOnly: false };
  const walked = await Array.fromAsync(walkLeaves(range, () => Promise.reject(new Error("nothing to read"))));
  expect(walked.map(({ pageId, chunkIds }) => [equalBytes(pageId, zeroId), chunkIds])).toEqual([
    [true, undefined],
    [true, undefined],
    [true, undefined],
  ]);
});

test("a page that does not fit its place is damage", async () => {
  const { pages, root } = makeDisk();
  const readPage = async (id: Uint8Array): Promise<Page> =>
    await Promise.resolve(pages.get(toHex(id)) ?? { level: 9, ids: zeroId });
  const range: LeafRange = { root, shape: treeShape(leaves * 1024 + 7), firstLeaf: 599, count: 1, idsOnly: false };
  let caught: unknown;
  await Array.fromAsync(walkLeaves(range, readPage)).catch((error: unknown) => {
    caught = error;
  });
  expect(hasCode(caught, "CHUNK_DAMAGED")).toBe(true);
});
