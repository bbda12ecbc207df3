import { describe, expect, it } from "vitest";
import { closingLines, parseSkips, tallyOf } from "./tally-reporter.ts";

describe("tallyOf", () => {
  it("counts failures outside tests and keeps only the ten slowest", () => {
    const tests = Array.from({ length: 12 }, (_, index) => ({
      name: `test ${index}`,
      state: "passed" as const,
      durationMs: index,
      file: "a.test.ts",
    }));

    const tally = tallyOf([...tests, { name: "off", state: "skipped", durationMs: 0, file: "b.test.ts" }], ["x"]);

    expect(tally).toMatchObject({ passed: 12, failed: 1, skipped: ["off"] });
    expect(tally.slowest.map((test) => test.name)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2].map((n) => `test ${n}`));
  });
});

describe("closingLines", () => {
  it("end with the line that machines read", () => {
    const failed = { name: "a", state: "failed", durationMs: 1500, file: "a.test.ts", error: "one\ntwo" } as const;

    const lines = closingLines(tallyOf([failed], ["b.test.ts: its hook failed"]), ["b > c"]);

    expect(lines).toEqual([
      "slowest tests:",
      "    1.50 s  a",
      "failed: a.test.ts: a: one",
      "failed: b.test.ts: its hook failed",
      "skipped without a reason in e2e/skips.txt: b > c",
      "0 passed, 2 failed, 0 skipped",
    ]);
  });
});

describe("parseSkips", () => {
  it("takes names with a reason and nothing else", () => {
    const names = parseSkips("# comment\n\nstory > one  no loop devices here\nstory > two\treason\nno reason\n");

    expect([...names]).toEqual(["story > one", "story > two"]);
  });
});
