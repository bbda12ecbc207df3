import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const document = readFileSync(join(root, "docs/design/repository-guarantees.md"), "utf8");

interface Row {
  readonly guarantee: string;
  readonly file: string;
  readonly test: string;
}

/** The rows of a document's tables of guarantees: three cells, the second a path. */
const rowsOf = (text: string): readonly Row[] =>
  text.split("\n").flatMap((line) => {
    if (!line.startsWith("|") || line.startsWith("|---") || line.startsWith("| guarantee |")) return [];
    const [guarantee = "", file = "", test = "", ...others] = line.slice(1, -1).split(" | ");
    const isRow = others.length === 0 && /^`[^`]+`$/.test(file.trim()) && test.trim() !== "";
    if (!isRow) throw new Error(`no row of a guarantee: ${line}`);
    return [{ guarantee: guarantee.trim(), file: file.trim().slice(1, -1), test: test.trim() }];
  });

/** What is wrong with a row; undefined when its test is there, by its name in quotes. */
const faultOf = ({ file, test }: Row): string | undefined => {
  const path = join(root, file);
  if (!existsSync(path)) return `${file} is not there`;
  const source = readFileSync(path, "utf8");
  const isThere = ['"', "'", "`"].some((quote) => source.includes(quote + test + quote));
  return isThere ? undefined : `${file} has no test “${test}”`;
};

describe("the guarantees of a repository", () => {
  it("name tests that exist", () => {
    const rows = rowsOf(document);
    expect(rows.length).toBeGreaterThan(50);
    expect(rows.map(faultOf).filter((fault) => fault !== undefined)).toEqual([]);
  });

  it("stand once each, and name test files only", () => {
    const rows = rowsOf(document);
    expect(rows.filter(({ file }) => !file.endsWith(".test.ts"))).toEqual([]);
    const names = rows.map(({ guarantee, test }) => `${guarantee}: ${test}`);
    expect(names.filter((name, place) => names.indexOf(name) !== place)).toEqual([]);
  });

  it("are missed when a file or a test is gone", () => {
    const file = "scripts/check-arrows.test.ts";
    expect(faultOf({ guarantee: "g", file, test: "is content with arrows that point the right way" })).toBeUndefined();
    expect(faultOf({ guarantee: "g", file, test: "is content with nothing" })).toContain("has no test");
    expect(faultOf({ guarantee: "g", file: "scripts/nothing.test.ts", test: "any" })).toContain("is not there");
    expect(() => rowsOf("| a guarantee | without a file |")).toThrow("no row of a guarantee");
  });
});
