import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classifyPacks, liveBytesOf, printPlan, wasteTarget, type WeighedPack } from "./classify-packs.ts";

const pack = (sequence: number, sizeBytes: number, liveBytes: number): WeighedPack => ({
  key: { epoch: 1, sequence },
  kind: "chunk",
  sizeBytes,
  records: 10,
  live: { bytes: liveBytes, records: liveBytes === 0 ? 0 : 5 },
});

const sequences = (packs: readonly WeighedPack[]): number[] => packs.map(({ key }) => key.sequence);

describe("classifying packs", () => {
  it("calls a pack without anything live dead, and takes the worst of the others until the waste is small", () => {
    const plan = classifyPacks([], [pack(1, 1000, 0), pack(2, 1000, 880), pack(3, 1000, 300), pack(4, 1000, 100)]);
    expect(sequences(plan.dead)).toEqual([1]);
    expect(sequences(plan.wasteful)).toEqual([4, 3]);
    expect(sequences(plan.kept)).toEqual([2]);
  });

  it("leaves everything alone while the waste is small", () => {
    const plan = classifyPacks([], [pack(1, 1000, 880), pack(2, 1000, 700)]);
    expect(plan.wasteful).toEqual([]);
  });

  it("keeps stored ÷ live at the target whatever there is, and never touches a pack without waste", () => {
    const weighed = fc.array(fc.tuple(fc.integer({ min: 200, max: 5000 }), fc.double({ min: 0, max: 1, noNaN: true })));
    fc.assert(
      fc.property(weighed, (sizes) => {
        const packs = sizes.map(([size, share], index) => pack(index + 1, size, Math.floor((size - 112) * share)));
        const { dead, wasteful, kept } = classifyPacks([], packs);
        expect(sequences([...dead, ...wasteful, ...kept]).toSorted((a, b) => a - b)).toEqual(sequences(packs));
        const live = [...wasteful, ...kept].reduce((sum, one) => sum + liveBytesOf(one), 0);
        const left = kept.reduce((sum, one) => sum + one.sizeBytes, 0);
        const copied = wasteful.reduce((sum, one) => sum + liveBytesOf(one), 0);
        expect(left + copied).toBeLessThanOrEqual(live * wasteTarget + 1);
        for (const one of wasteful) expect(one.sizeBytes).toBeGreaterThan(liveBytesOf(one));
      }),
    );
  });

  it("is printed a line for each point and pack that goes", () => {
    const plan = classifyPacks(["p"], [pack(1, 1000, 0), pack(2, 1000, 100), pack(3, 1000, 880)]);
    expect(printPlan(plan).split("\n")).toEqual([
      "remove point p",
      "remove packs/00000001/00000/0000000100000001 chunk 1000 bytes, 10 dead records",
      "compact packs/00000001/00000/0000000100000002 chunk 1000 bytes, 5 of 10 records live, 100 bytes",
      "keep 1 packs; 3000 bytes stored, 1204 live",
    ]);
  });
});
