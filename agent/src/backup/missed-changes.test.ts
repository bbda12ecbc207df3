import { expect, test } from "vitest";
import { ChunkMap } from "./chunk-map.ts";
import { MissedChanges, rangesText } from "./missed-changes.ts";

const idSize = 32;
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
  expect(missed.ranges()).toEqual([
    { first: 2, count: 2 },
    { first: 6, count: 1 },
  ]);
});

test("what the base does not cover cannot be missed", () => {
  const missed = new MissedChanges(told(4, []), 3);
  missed.look(0, ids(1, 2, 3, 9), ids(1, 2, 3, 0));
  expect(missed.ranges()).toEqual([]);
});

test("a leaf that is done again is counted once", () => {
  const missed = new MissedChanges(told(2, []), 2);
  missed.look(0, ids(9, 2), ids(1, 2));
  missed.look(0, ids(9, 2), ids(1, 2));
  expect(missed.ranges()).toEqual([{ first: 0, count: 1 }]);
});

test("many ranges are spelled out up to a bound, and all are counted", () => {
  expect(rangesText([{ first: 1, count: 2 }], 1024)).toBe("2 chunks, bytes 1024-3071");
  const many = Array.from({ length: 20 }, (_, index) => ({ first: 2 * index, count: 1 }));
  expect(rangesText(many, 10)).toMatch(/^20 chunks, bytes 0-9, 20-29.* and 4 more ranges$/);
});
