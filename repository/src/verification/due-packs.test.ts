import { describe, expect, it } from "vitest";
import { coverageOf, dailyBudget, dayMs, inReadingOrder, type JudgedPack, withinBudget } from "./due-packs.ts";

const now = 1_000 * dayMs;

/** A pack of so many bytes that was written, and perhaps read, so many days ago. */
const pack = (sequence: number, writtenDaysAgo: number, readDaysAgo?: number, sizeBytes = 100): JudgedPack => ({
  epoch: 1,
  sequence,
  kind: "chunk",
  records: 1,
  isComplete: true,
  sizeBytes,
  createdMs: now - writtenDaysAgo * dayMs,
  readMs: readDaysAgo === undefined ? undefined : now - readDaysAgo * dayMs,
});

const sequences = (packs: readonly JudgedPack[]): readonly number[] => packs.map(({ sequence }) => sequence);

describe("which packs are read back", () => {
  it("goes by when each was read or written last, and an impossible time counts as now", () => {
    const packs = [pack(1, 50, 2), pack(2, 10), pack(3, 40, 30), pack(4, -100), pack(5, 10)];
    expect(sequences(inReadingOrder(packs, now))).toEqual([3, 2, 5, 1, 4]);
  });

  it("takes as many as the budget needs, and all for a budget of 0", () => {
    const packs = [pack(1, 3), pack(2, 2), pack(3, 1)];
    expect(sequences(withinBudget(packs, 1))).toEqual([1]);
    expect(sequences(withinBudget(packs, 100))).toEqual([1]);
    expect(sequences(withinBudget(packs, 101))).toEqual([1, 2]);
    expect(sequences(withinBudget(packs, 10_000))).toEqual([1, 2, 3]);
    expect(sequences(withinBudget(packs, 0))).toEqual([1, 2, 3]);
  });

  it("gives each day its share, less what the last 24 hours had", () => {
    const rest = Array.from({ length: 48 }, (_, index) => pack(index + 10, 20));
    expect(dailyBudget([...rest, pack(1, 20, 2), pack(2, 20)], 25, now)).toBe(200);
    expect(dailyBudget([...rest, pack(1, 20, 0.5), pack(2, 20)], 25, now)).toBe(100);
    expect(dailyBudget([...rest, pack(1, 20, 0.5), pack(2, 20, 0.1)], 25, now)).toBe(0);
    expect(dailyBudget([], 25, now)).toBe(0);
  });
});

describe("a year of daily shares", () => {
  it("reads every pack back within 30 days of its writing or last reading, whatever the sizes, while the repository grows", () => {
    let packs: readonly JudgedPack[] = Array.from({ length: 40 }, (_, index) =>
      pack(index, 0, undefined, 1 + (index % 7) * 50),
    );
    for (let hour = 1; hour <= 365 * 24; hour += 1) {
      const nowMs = now + (hour * dayMs) / 24;
      if (hour % 24 === 0)
        packs = [...packs, { ...pack(1000 + hour, 0, undefined, 1 + (hour % 5) * 90), createdMs: nowMs }];
      if (hour % 240 === 0) packs = packs.slice(3);
      const budget = dailyBudget(packs, 25, nowMs);
      const read = new Set(budget === 0 ? [] : withinBudget(inReadingOrder(packs, nowMs), budget));
      packs = packs.map((one) => (read.has(one) ? { ...one, readMs: nowMs } : one));
      expect(coverageOf(packs, nowMs).overdueBytes).toBe(0);
    }
  });
});

describe("coverage", () => {
  it("tells read, fresh and overdue bytes apart", () => {
    const packs = [pack(1, 90, 29, 1), pack(2, 90, 31, 10), pack(3, 29, undefined, 100), pack(4, 31, undefined, 1000)];
    expect(coverageOf(packs, now)).toEqual({
      readBytes: 1,
      freshBytes: 100,
      overdueBytes: 1010,
      oldestMs: now - 31 * dayMs,
    });
    expect(coverageOf([], now)).toEqual({ readBytes: 0, freshBytes: 0, overdueBytes: 0, oldestMs: 0 });
  });
});
