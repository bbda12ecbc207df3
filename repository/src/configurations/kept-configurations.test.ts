import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { superfluous } from "./kept-configurations.ts";

const dayMs = 86_400_000;
const kept = (all: readonly { readonly number: number; readonly createdMs: number }[]): readonly number[] => {
  const gone = new Set(superfluous(all).map(({ number }) => number));
  return all.map(({ number }) => number).filter((number) => !gone.has(number));
};

describe("configurations that are kept", () => {
  it("are, of a year of nights, the newest 30 and the last one of each month before", () => {
    const year = Array.from({ length: 365 }, (_, day) => ({
      number: day + 1,
      createdMs: Date.UTC(2026, 0, 1) + day * dayMs,
    }));
    const numbers = kept(year);
    expect(numbers.slice(-30)).toEqual(Array.from({ length: 30 }, (_, index) => 336 + index));
    expect(numbers.slice(0, -30).map((number) => new Date(year[number - 1]?.createdMs ?? 0).toISOString().slice(0, 10)))
      .toEqual([
        "2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30",
        "2026-07-31", "2026-08-31", "2026-09-30", "2026-10-31", "2026-11-30", "2026-12-01",
      ]); // prettier-ignore
  });

  it("always have the newest among them, whatever their times, and pruning again removes nothing", () => {
    const one = fc.integer({ min: 0, max: 4_000_000_000_000 });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 100 }), (times) => {
        const all = times.map((createdMs, index) => ({ number: index + 1, createdMs }));
        const numbers = kept(all);
        expect(numbers.slice(-30)).toEqual(all.slice(-30).map(({ number }) => number));
        const left = all.filter(({ number }) => numbers.includes(number));
        expect(superfluous(left)).toEqual([]);
      }),
    );
  });
});
