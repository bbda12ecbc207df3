import { chunkCountOf } from "@holdfast/shared/format/chunk-size";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Extent, ExtentContext } from "../disks/extent.ts";
import type { ChunkAction } from "./chunk-map.ts";
import { ChunkPlanner } from "./plan-chunks.ts";

const chunkSize = 256 * 1024;
const KiB = 1024;

type Flags = Pick<Extent, "zero" | "dirty">;

const toExtents = (pieces: readonly (Flags & { readonly length: number })[]): Extent[] => {
  let start = 0;
  return pieces.map(({ length, zero, dirty }) => {
    const extent = { start, length, zero, dirty };
    start += length;
    return extent;
  });
};

/** The rule, byte range by byte range, without any sweep. */
const naive = (extents: readonly Extent[], context: ExtentContext): ChunkAction[] => {
  const sizeBytes = extents.reduce((sum, { length }) => sum + length, 0);
  return Array.from({ length: chunkCountOf(sizeBytes, chunkSize) }, (_, position) => {
    const from = position * chunkSize;
    const inside = extents.filter(({ start, length }) => start < from + chunkSize && start + length > from);
    if (context === "dirty" && inside.every(({ dirty }) => !dirty)) return "unchanged";
    const isZero = inside.every(({ zero, dirty }) => zero && (context === "zero" || dirty));
    return isZero ? "zero" : "read";
  });
};

const plan = (extents: readonly Extent[], context: ExtentContext, batch = 3): ChunkAction[] => {
  const sizeBytes = extents.reduce((sum, { length }) => sum + length, 0);
  const planner = new ChunkPlanner({ sizeBytes, chunkSize, context });
  for (let from = 0; from < extents.length; from += batch) planner.add(extents.slice(from, from + batch));
  const map = planner.finish();
  return Array.from({ length: map.length }, (_, position) => map.at(position));
};

describe("planning chunks", () => {
  it("agrees with the rule for any extents, in any batches", () => {
    const length = fc.oneof(
      fc.integer({ min: 1, max: 3 * chunkSize }),
      fc.integer({ min: 1, max: 5 }).map((n) => n * chunkSize),
      fc.integer({ min: 1, max: 40 }).map((n) => n * 4 * KiB),
      fc.integer({ min: 1, max: 2_000 }),
    );
    const piece = fc.record({ length, zero: fc.boolean(), dirty: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 1, maxLength: 60 }),
        fc.constantFrom("zero", "dirty"),
        fc.integer({ min: 1, max: 9 }),
        (pieces, context, batch) => {
          const extents = toExtents(pieces);
          expect(plan(extents, context, batch)).toEqual(naive(extents, context));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("records changed-to-zero as zero and reads what is zero only in part (R4)", () => {
    const extents = toExtents([
      { length: chunkSize, zero: true, dirty: true },
      { length: chunkSize / 2, zero: true, dirty: true },
      { length: chunkSize / 2, zero: false, dirty: false },
      { length: chunkSize, zero: true, dirty: false },
    ]);
    expect(plan(extents, "dirty")).toEqual(["zero", "read", "unchanged"]);
  });

  it("plans a last chunk that the disk's end cuts", () => {
    const extents = toExtents([
      { length: chunkSize, zero: false, dirty: false },
      { length: 512, zero: true, dirty: false },
    ]);
    expect(plan(extents, "zero")).toEqual(["read", "zero"]);
  });
});
