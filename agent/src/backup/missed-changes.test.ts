import { idSize } from "@holdfast/shared/format/content-id";
import { leafCapacity } from "@holdfast/shared/format/page";
import { expect, test } from "vitest";
import { ChunkMap } from "./chunk-map.ts";
import { MissedChanges, missedText } from "./missed-changes.ts";

const ids = (...marks: readonly number[]): Uint8Array =>
  Uint8Array.from(marks.flatMap((mark) => Array.from({ length: idSize }, () => mark)));

const told = (length: number, changed: readonly number[]): ChunkMap => {
  const map = new ChunkMap(length);
  map.set({ first: 0, count: length, action: "unchanged" });
  for (const first of changed) map.set({ first, count: 1, action: "read" });
  return map;
};

test("what differs from the base beside the changes that were told was missed, in ranges", () => {
  const missed = new MissedChanges(told(7, [1]), 7);
  missed.look(0, ids(1, 9, 9, 9, 5, 6, 0), ids(1, 2, 3, 4, 5, 6, 7));
  expect(missed.ranges).toEqual([
    { first: 2, count: 2 },
    { first: 6, count: 1 },
  ]);
});

test("what the base does not cover cannot be missed", () => {
  const missed = new MissedChanges(told(4, []), 3);
  missed.look(0, ids(1, 2, 3, 9), ids(1, 2, 3, 0));
  expect(missed.ranges).toEqual([]);
});

test("a leaf that is done again is counted once", () => {
  const missed = new MissedChanges(told(2, []), 2);
  missed.look(0, ids(9, 2), ids(1, 2));
  missed.look(0, ids(9, 2), ids(1, 2));
  expect(missed.ranges).toEqual([{ first: 0, count: 1 }]);
});

test("the first ranges are kept and spelled out, all chunks are counted, and what grows together is one range", () => {
  const leaves = 3;
  const length = leaves * leafCapacity;
  const missed = new MissedChanges(told(length, []), length);
  const base = new Uint8Array(leafCapacity * idSize);
  const everySecond = Uint8Array.from(base, (_, index) => (Math.floor(index / idSize) % 2 === 0 ? 7 : 0));
  for (let leaf = 1; leaf < leaves; leaf += 1) missed.look(leaf, everySecond, base);
  expect(missed.chunks).toBe(leafCapacity);
  expect(missed.ranges.map(({ first }) => first)).toEqual(
    Array.from({ length: 16 }, (_, index) => leafCapacity + 2 * index),
  );
  missed.look(
    0,
    Uint8Array.from(base, () => 7),
    base,
  );
  missed.look(
    1,
    Uint8Array.from(base, () => 7),
    base,
  );
  expect(missed.ranges).toEqual([{ first: 0, count: 2 * leafCapacity }]);
  expect(missed.chunks).toBe(2.5 * leafCapacity);
  expect(missedText(missed, 10)).toBe(
    `${2.5 * leafCapacity} chunks, bytes 0-${20 * leafCapacity - 1} and ${leafCapacity / 2} chunks more`,
  );
});

test("a leaf that is found to be right when it is done again is taken back", () => {
  const missed = new MissedChanges(told(2, []), 2);
  missed.look(0, ids(9, 2), ids(1, 2));
  missed.look(0, ids(1, 2), ids(1, 2));
  expect(missed).toMatchObject({ chunks: 0, ranges: [] });
});

test("ranges are told in bytes", () => {
  expect(missedText({ chunks: 2, ranges: [{ first: 1, count: 2 }] }, 1024)).toBe("2 chunks, bytes 1024-3071");
});
