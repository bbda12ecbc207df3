import { describe, expect, it } from "vitest";
import { faultOf, parseRows, readRows } from "./tests-of-rows.ts";

const rows = readRows("docs/design/repository-guarantees.md", 3);

describe("the guarantees of a repository", () => {
  it("name tests that exist", () => {
    expect(rows.length).toBeGreaterThan(50);
    expect(rows.map(faultOf).filter((fault) => fault !== undefined)).toEqual([]);
  });

  it("stand once each, and name test files only", () => {
    expect(rows.filter(({ file }) => !file.endsWith(".test.ts"))).toEqual([]);
    const names = rows.map(({ cells, test }) => `${cells.join()}: ${test}`);
    expect(names.filter((name, place) => names.indexOf(name) !== place)).toEqual([]);
  });

  it("are missed when a file or a test is gone", () => {
    const file = "scripts/check-arrows.test.ts";
    expect(faultOf({ file, test: "is content with arrows that point the right way" })).toBeUndefined();
    expect(faultOf({ file, test: "is content with nothing" })).toContain("has no test");
    expect(faultOf({ file: "scripts/nothing.test.ts", test: "any" })).toContain("is not there");
    expect(() => parseRows("| a guarantee | without a file |", 3)).toThrow("no row that names a test");
  });
});
