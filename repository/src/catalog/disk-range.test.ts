import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DiskRange, mergeRanges, namesPosition, RangeCollector } from "./disk-range.ts";
import { limitRanges } from "./limit-ranges.ts";

const ranges = fc.array(
  fc.record({
    diskId: fc.constantFrom("a", "b"),
    firstPosition: fc.nat(200),
    count: fc.integer({ min: 1, max: 5 }),
  }),
  { maxLength: 40 },
);

const positions = (of: readonly DiskRange[]): Set<string> =>
  new Set(
    of.flatMap(({ diskId, firstPosition, count }) =>
      Array.from({ length: count }, (_, index) => `${diskId}${firstPosition + index}`),
    ),
  );

describe("ranges of positions", () => {
  it("merge to the same positions in as few ranges as there are", () => {
    fc.assert(
      fc.property(ranges, (given) => {
        const merged = mergeRanges(given);
        expect(positions(merged)).toEqual(positions(given));
        for (const [index, range] of merged.entries()) {
          const before = merged[index - 1];
          if (before?.diskId !== range.diskId) continue;
          expect(range.firstPosition).toBeGreaterThan(before.firstPosition + before.count);
        }
      }),
    );
  });

  it("are limited by joining the nearest, and never lose a position", () => {
    fc.assert(
      fc.property(ranges, fc.integer({ min: 2, max: 10 }), (given, most) => {
        const limited = limitRanges(given, most);
        expect(limited.length).toBeLessThanOrEqual(most);
        expect(positions(limited).isSupersetOf(positions(given))).toBe(true);
        const last = mergeRanges(given).at(-1);
        expect(limited.at(-1)?.diskId).toBe(last?.diskId);
        expect(namesPosition(limited, "a", 100_000)).toBe(false);
      }),
    );
  });

  it("are gathered from single positions, apart where they differ", () => {
    const collector = new RangeCollector<{ code: string }>((a, b) => a.code === b.code);
    for (const [position, code] of [
      [1, "x"],
      [2, "x"],
      [3, "y"],
      [7, "y"],
    ] as const)
      collector.add("d", position, { code });

    expect(collector.ranges).toEqual([
      { diskId: "d", firstPosition: 1, count: 2, code: "x" },
      { diskId: "d", firstPosition: 3, count: 1, code: "y" },
      { diskId: "d", firstPosition: 7, count: 1, code: "y" },
    ]);
  });
});
