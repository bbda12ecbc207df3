import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..");

/** A row of a document's table whose last two cells name a test. */
export interface TestRow {
  /** The cells before those of the test. */
  readonly cells: readonly string[];
  /** Path of the test file from the project's root. */
  readonly file: string;
  /** The test's name as it stands in its source. */
  readonly test: string;
}

/** The rows of all tables of a document that lies under the project's root; each has `columns` cells, the last two a test file in backticks and a test. */
export const readRows = (document: string, columns: number): readonly TestRow[] =>
  parseRows(readFileSync(join(root, document), "utf8"), columns);

/** The rows of a document's text; a line of a table that is no such row is an error. */
export const parseRows = (text: string, columns: number): readonly TestRow[] =>
  text.split("\n").flatMap((line) => {
    if (!line.startsWith("|") || line.startsWith("|---") || line.endsWith("| test file | test |")) return [];
    const cells = line
      .slice(1, -1)
      .split(" | ")
      .map((cell) => cell.trim());
    const [file = "", test = ""] = cells.slice(-2);
    if (cells.length !== columns || !/^`[^`]+`$/.test(file) || cells.includes("")) {
      throw new Error(`no row that names a test: ${line}`);
    }
    return [{ cells: cells.slice(0, -2), file: file.slice(1, -1), test }];
  });

/** What is wrong with a row; undefined when its test is there, by its name in quotes. */
export const faultOf = ({ file, test }: Pick<TestRow, "file" | "test">): string | undefined => {
  const path = join(root, file);
  if (!existsSync(path)) return `${file} is not there`;
  const source = readFileSync(path, "utf8");
  const isThere = ['"', "'", "`"].some((quote) => source.includes(quote + test + quote));
  return isThere ? undefined : `${file} has no test “${test}”`;
};
