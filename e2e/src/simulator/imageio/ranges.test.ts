import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRange, parseWriteOffset, RangeSet } from "./ranges.ts";

describe("the Range header", () => {
  it.each([
    ["bytes=0-9", { offset: 0, length: 10 }],
    ["bytes=90-99", { offset: 90, length: 10 }],
    ["bytes=40-", { offset: 40, length: 60 }],
    ["bytes=100-", { offset: 100, length: 0 }],
  ])("%s is understood", (header, range) => {
    expect(parseRange(header, 100)).toEqual(range);
  });

  it.each([
    "bytes=-5",
    "bytes=0-100",
    "bytes=9-8",
    "bytes=5-3",
    "bytes=0-1,4-5",
    "bytes=101-",
    "chunks=0-1",
    "bytes=a-b",
  ])("%s is refused with 416 and the size", (header) => {
    expect(() => parseRange(header, 100)).toThrow(
      expect.objectContaining({ status: 416, headers: { "content-range": "bytes */100" } }),
    );
  });

  it("is the whole image when absent", () => {
    expect(parseRange(undefined, 100)).toBeUndefined();
  });
});

describe("the Content-Range header", () => {
  it("tells the start alone", () => {
    expect([parseWriteOffset(undefined), parseWriteOffset("bytes 512-600/*"), parseWriteOffset("bytes 7-/*")]).toEqual([
      0, 512, 7,
    ]);
    expect(() => parseWriteOffset("bytes x-1/*")).toThrow(expect.objectContaining({ status: 400 }));
  });
});

describe("a set of ranges", () => {
  it("counts every byte once", () => {
    const range = fc.record({ offset: fc.integer({ min: 0, max: 60 }), length: fc.integer({ min: 0, max: 20 }) });
    fc.assert(
      fc.property(fc.array(range, { maxLength: 20 }), (list) => {
        const set = new RangeSet();
        const bytes = new Set<number>();
        for (const { offset, length } of list) {
          set.add({ offset, length });
          for (let at = offset; at < offset + length; at += 1) bytes.add(at);
        }
        expect(set.sizeBytes).toBe(bytes.size);
      }),
    );
  });
});
