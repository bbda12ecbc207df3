import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type RetainedPoint, type RetentionPolicy, judgePoints, outdatedPoints } from "./retain.ts";

const policy: RetentionPolicy = { jobId: "j", keepDays: 2, floor: 3 };
const today = "2026-03-10";

const point = (pointId: string, calendarDay: string, facts: Partial<RetainedPoint> = {}): RetainedPoint => ({
  pointId,
  isGood: true,
  jobId: "j",
  calendarDay,
  capturedMs: Number(calendarDay.replaceAll("-", "")),
  ...facts,
});

const fresh = [point("f1", "2026-03-10"), point("f2", "2026-03-09"), point("f3", "2026-03-08")];
const removed = (points: readonly RetainedPoint[], with_ = policy): readonly string[] =>
  outdatedPoints(points, with_, today).map(({ pointId }) => pointId);

describe("retention by days", () => {
  it("removes a point whose day is before today − N, and keeps the one on that day", () => {
    expect(removed([...fresh, point("edge", "2026-03-08"), point("old", "2026-03-07")])).toStrictEqual(["old"]);
  });

  it("does not count today: with 1 day, yesterday stays", () => {
    const points = [...fresh, point("y", "2026-03-09"), point("b", "2026-03-08", { capturedMs: 1 })];
    expect(removed(points, { ...policy, keepDays: 1 })).toStrictEqual(["b", "f3"]);
  });

  it("counts days without runs", () => {
    const points = [
      point("a", "2026-03-10"),
      point("b", "2026-01-04"),
      point("c", "2026-01-03"),
      point("d", "2026-01-02"),
    ];
    expect(removed(points)).toStrictEqual(["d"]);
  });

  it("never goes below the floor of good points, however old they are", () => {
    expect(removed([point("a", "2020-01-01"), point("b", "2020-01-02"), point("c", "2020-01-03")])).toStrictEqual([]);
  });

  it("does not count hurt points for the floor, and removes outdated ones", () => {
    const hurt = point("hurt", "2026-03-01", { isGood: false });
    const points = [point("a", "2020-01-01"), point("b", "2020-01-02"), point("c", "2020-01-03"), hurt];
    expect(removed(points)).toStrictEqual(["hurt"]);
  });

  it("keeps a hurt point while its days last", () => {
    expect(removed([...fresh, point("hurt", "2026-03-08", { isGood: false })])).toStrictEqual([]);
  });

  it("leaves points of other jobs and of none alone, yet counts them for the floor", () => {
    const others = [
      point("x", "2026-03-01", { jobId: "k" }),
      point("y", "2026-03-02", { jobId: "" }),
      point("z", "2026-03-03", { jobId: "k" }),
    ];
    expect(removed([...others, point("old", "2026-02-01")])).toStrictEqual(["old"]);
  });

  it("gives every reason to keep a point", () => {
    const [verdict] = judgePoints(fresh, policy, today);
    expect(verdict?.keptBecause).toStrictEqual([
      "its day is within 2 days",
      "it is one of the 3 newest good points of the VM",
    ]);
  });

  it("counts days over the end of months and leap days", () => {
    const points = [
      ...fresh,
      point("in", "2028-02-28", { capturedMs: 2 }),
      point("out", "2028-02-27", { capturedMs: 1 }),
    ];
    expect(outdatedPoints(points, { ...policy, keepDays: 2 }, "2028-03-01").map(({ pointId }) => pointId)).toContain(
      "out",
    );
    expect(
      outdatedPoints(points, { ...policy, keepDays: 2 }, "2028-03-01").map(({ pointId }) => pointId),
    ).not.toContain("in");
  });

  it("always leaves the newest good points, and never removes what is not outdated", () => {
    const day = fc.integer({ min: 1, max: 28 }).map((date) => `2026-03-${String(date).padStart(2, "0")}`);
    const any = fc.record({
      calendarDay: day,
      isGood: fc.boolean(),
      jobId: fc.constantFrom("j", "k"),
      capturedMs: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 12 }), fc.integer({ min: 1, max: 9 }), (drawn, keepDays) => {
        const points = drawn.map((one, index) => ({ ...one, pointId: `p${index}` }));
        const gone = new Set(outdatedPoints(points, { jobId: "j", keepDays, floor: 3 }, "2026-03-28"));
        const good = points.filter(({ isGood }) => isGood).sort((left, right) => right.capturedMs - left.capturedMs);
        const left = points.filter((one) => !gone.has(one) && one.isGood).length;
        expect(left).toBeGreaterThanOrEqual(Math.min(3, good.length));
        for (const one of gone) {
          expect(one.jobId).toBe("j");
          expect(28 - Number(one.calendarDay.slice(8))).toBeGreaterThan(keepDays);
        }
      }),
    );
  });
});
