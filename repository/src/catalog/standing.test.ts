import { describe, expect, it } from "vitest";
import { type MarkState, unmarked } from "../store/mark.ts";
import { isImmutable, type Standing, standingOf } from "./standing.ts";

const undeletePeriodMs = 100;
const removed = { atMs: 1000, reason: "", belowFloor: false };
const protection = { atMs: 900, reason: "" };

interface Row {
  readonly when: string;
  readonly marked: Partial<MarkState>;
  readonly immutableUntilMs?: number;
  readonly nowMs: number;
  readonly is: Standing;
}

const live: Standing = { state: "live" };
const gone: Standing = { state: "gone" };
const until = (untilMs: number | undefined): Standing => ({ state: "removed", untilMs });

const rows: readonly Row[] = [
  { when: "nothing was decided", marked: {}, nowMs: 1e15, is: live },
  { when: "it is protected", marked: { protected: protection }, nowMs: 1e15, is: live },
  { when: "it was removed just now", marked: { removed }, nowMs: 1000, is: until(1100) },
  { when: "its undelete period has a moment left", marked: { removed }, nowMs: 1099, is: until(1100) },
  { when: "its undelete period has passed", marked: { removed }, nowMs: 1100, is: gone },
  { when: "the clock is before its removal", marked: { removed }, nowMs: 10, is: until(1100) },
  { when: "it is protected too", marked: { removed, protected: protection }, nowMs: 1e15, is: until(undefined) },
  { when: "it is immutable for longer", marked: { removed }, immutableUntilMs: 1200, nowMs: 1199, is: until(1200) },
  { when: "it was immutable for longer", marked: { removed }, immutableUntilMs: 1200, nowMs: 1200, is: gone },
  {
    when: "its marks alone say that it is immutable for longer",
    marked: { removed, immutableUntilMs: 1200 },
    nowMs: 1199,
    is: until(1200),
  },
  { when: "it was immutable for less", marked: { removed }, immutableUntilMs: 1050, nowMs: 1060, is: until(1100) },
  { when: "a collection took it", marked: { removed, gone: true }, nowMs: 0, is: gone },
  {
    when: "a collection took it, whatever else is said",
    marked: { gone: true, protected: protection },
    nowMs: 0,
    is: gone,
  },
];

describe("the standing of a point", () => {
  it.each(rows)("when $when", ({ marked, immutableUntilMs, nowMs, is }) => {
    const point = { marked: { ...unmarked, ...marked }, immutableUntilMs };
    expect(standingOf(point, nowMs, { undeletePeriodMs })).toEqual(is);
  });

  it("is immutable up to its time and no longer", () => {
    expect(isImmutable({ immutableUntilMs: 10 }, 9)).toBe(true);
    expect(isImmutable({ immutableUntilMs: 10 }, 10)).toBe(false);
    expect(isImmutable({ immutableUntilMs: undefined }, 0)).toBe(false);
  });
});
