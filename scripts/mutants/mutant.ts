import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";

/** A one-line change that breaks one rule, and the test that must notice. */
export interface Mutant {
  readonly name: string;
  /** The patch's file, absolute. */
  readonly path: string;
  /** What it breaks, in words. */
  readonly rule: string;
  /** The test file that must go red, from the root of the tree. */
  readonly test: string;
}

/** All mutants of a folder, in the order of their names. A patch begins with the lines `Rule: …` and `Test: …`. */
export const readMutants = async (folder: string): Promise<readonly Mutant[]> => {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".patch")).toSorted();
  return await Promise.all(names.map((name) => readMutant(join(folder, name))));
};

const readMutant = async (path: string): Promise<Mutant> => {
  const text = await readFile(path, "utf8");
  const name = basename(path, ".patch");
  const changed = text.split("\n").filter((line) => /^[-+](?![-+]{2} )/.test(line));
  if (changed.length === 0 || changed.length > 2) throw new Error(`${name} is no patch of one line`);
  return { name, path, rule: fieldOf(text, name, "Rule"), test: fieldOf(text, name, "Test") };
};

const fieldOf = (text: string, name: string, field: string): string => {
  const value = new RegExp(`^${field}: (.+)$`, "m").exec(text)?.[1];
  if (value === undefined) throw new Error(`${name} has no line "${field}: …"`);
  return value;
};
