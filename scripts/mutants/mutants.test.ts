import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { readMutants } from "./mutant.ts";

const root = resolve(import.meta.dirname, "..", "..");
const mutants = await readMutants(join(root, "e2e", "mutants"));

test("there are at least thirty mutants", () => {
  expect(mutants.length).toBeGreaterThanOrEqual(30);
});

test.each(mutants)("$name fits the code, and its test exists", ({ path, test: guard }) => {
  execFileSync("git", ["apply", "--check", path], { cwd: root, stdio: "pipe" });
  expect(existsSync(join(root, guard))).toBe(true);
});
