import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { intersectRuns, type NbdExtent, walkExtents } from "./extents.ts";
import type { StatusRun } from "./replies.ts";

const runs = fc.array(fc.record({ length: fc.integer({ min: 1, max: 50 }), flags: fc.integer({ min: 0, max: 3 }) }), {
  minLength: 1,
  maxLength: 20,
});
const total = (list: readonly { readonly length: number }[]): number =>
  list.reduce((sum, { length }) => sum + length, 0);
const bytesOf = (list: readonly StatusRun[]): number[] =>
  list.flatMap(({ length, flags }) => Array<number>(length).fill(flags));

describe("intersecting block status", () => {
  it("says of each byte what each context says, as far as all reach", () => {
    fc.assert(
      fc.property(runs, runs, fc.integer({ min: 0, max: 100 }), (left, right, offset) => {
        const end = offset + Math.min(total(left), total(right));
        const extents = intersectRuns([left, right], offset, end + 7);
        expect(total(extents)).toBe(end - offset);
        const side = (index: number): number[] =>
          extents.flatMap(({ length, flags }) => Array<number>(length).fill(flags[index] ?? -1));
        expect(side(0)).toEqual(bytesOf(left).slice(0, end - offset));
        expect(side(1)).toEqual(bytesOf(right).slice(0, end - offset));
      }),
    );
  });

  it("refuses an answer that says nothing, which would never end", () => {
    expect(() => intersectRuns([[]], 0, 10)).toThrow("says nothing");
  });
});

describe("walking extents", () => {
  it("joins neighbours across answers, and cuts what reaches past the range", async () => {
    const answers: StatusRun[][] = [
      [{ length: 4, flags: 1 }],
      [
        { length: 4, flags: 1 },
        { length: 4, flags: 0 },
      ],
      [{ length: 100, flags: 0 }],
    ];
    const source = { blockStatus: () => Promise.resolve(new Map([["a", answers.shift() ?? []]])) };
    const extents: NbdExtent[] = [];
    for await (const extent of walkExtents(source, ["a"], { offset: 10, length: 20 })) extents.push(extent);
    expect(extents).toEqual([
      { offset: 10, length: 8, flags: [1] },
      { offset: 18, length: 12, flags: [0] },
    ]);
  });
});
