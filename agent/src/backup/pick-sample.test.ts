import { systemRandom } from "@holdfast/shared/ids/ids";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChunkMap } from "./chunk-map.ts";
import { pickSample } from "./pick-sample.ts";

describe("the sample of unchanged chunks", () => {
  it("names different unchanged positions, ascending, as many as there are up to the number asked", () => {
    const runs = fc.array(fc.record({ count: fc.integer({ min: 1, max: 50 }), isUnchanged: fc.boolean() }), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(runs, fc.integer({ min: 0, max: 40 }), (pieces, asked) => {
        const map = new ChunkMap(pieces.reduce((sum, { count }) => sum + count, 0));
        let first = 0;
        for (const { count, isUnchanged } of pieces) {
          if (isUnchanged) map.set({ first, count, action: "unchanged" });
          first += count;
        }
        const sample = pickSample(map, asked, systemRandom);
        expect(sample).toHaveLength(Math.min(asked, map.count("unchanged")));
        expect(sample.every((position) => map.at(position) === "unchanged")).toBe(true);
        expect(sample).toEqual([...new Set(sample)].sort((left, right) => left - right));
      }),
    );
  });

  it("reaches every unchanged position in time", () => {
    const map = new ChunkMap(10);
    map.set({ first: 3, count: 5, action: "unchanged" });
    const seen = new Set<number>();
    for (let round = 0; round < 200; round += 1)
      for (const position of pickSample(map, 2, systemRandom)) seen.add(position);
    expect([...seen].sort((left, right) => left - right)).toEqual([3, 4, 5, 6, 7]);
  });
});
