import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const folder = import.meta.dirname;
const document = readFileSync(join(folder, "BEHAVIOURS.md"), "utf8");

/** A behaviour, and either a test file with a test's name, or `not simulated` with the reason. */
interface Row {
  readonly behaviour: string;
  readonly where: string;
  readonly shown: string;
}

const absent = "not simulated";
const isHead = (line: string): boolean => line.startsWith("|---") || line.startsWith("| behaviour |");

const rowsOf = (text: string): readonly Row[] =>
  text.split("\n").flatMap((line) => {
    if (!line.startsWith("|") || isHead(line)) return [];
    const cells = line
      .slice(1, -1)
      .split(" | ")
      .map((cell) => cell.trim());
    const [behaviour = "", where = "", shown = "", ...others] = cells;
    const isRow = others.length === 0 && shown !== "" && (where === absent || /^`[^`]+\.test\.ts`$/.test(where));
    if (!isRow) throw new Error(`no row of a behaviour: ${line}`);
    return [{ behaviour, where: where.replaceAll("`", ""), shown }];
  });

/** What is wrong with a row; undefined when its test is there, by its name in quotes, or a reason why there is none. */
const faultOf = ({ where, shown }: Row): string | undefined => {
  if (where === absent) return undefined;
  const path = join(folder, where);
  if (!existsSync(path)) return `${where} is not there`;
  const source = readFileSync(path, "utf8");
  const isThere = ['"', "'", "`"].some((quote) => source.includes(quote + shown + quote));
  return isThere ? undefined : `${where} has no test “${shown}”`;
};

describe("the table of behaviours", () => {
  it("names tests that exist", () => {
    const rows = rowsOf(document);
    expect(rows.length).toBeGreaterThan(60);
    expect(rows.map(faultOf).filter((fault) => fault !== undefined)).toEqual([]);
  });

  it("tells each behaviour once", () => {
    const told = rowsOf(document).map(({ behaviour }) => behaviour);
    expect(told.filter((one, place) => told.indexOf(one) !== place)).toEqual([]);
  });

  it("misses a file or a test that is gone", () => {
    const where = "http/router.test.ts";
    const behaviour = "any";
    expect(faultOf({ behaviour, where, shown: "a pattern takes the named parts out of the path" })).toBeUndefined();
    expect(faultOf({ behaviour, where, shown: "no such test" })).toContain("has no test");
    expect(faultOf({ behaviour, where: "gone.test.ts", shown: "any" })).toContain("is not there");
    expect(() => rowsOf("| a behaviour | `main.ts` | without a test file |")).toThrow("no row of a behaviour");
  });
});
