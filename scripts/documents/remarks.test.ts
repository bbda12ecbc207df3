import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const documents = ["remarks.md", "disk-reasons.md", "error-codes.md"].map((name) =>
  readFileSync(join(root, "docs", "design", name), "utf8"),
);

const sources = globSync("{agent,controller}/src/**/*.ts", { cwd: root })
  .filter((path) => !path.endsWith(".test.ts") && !path.includes("/testing/"))
  .map((path) => readFileSync(join(root, path), "utf8"));

test("each code that a session may remark is explained", () => {
  const codes = sources.flatMap((source) =>
    [...source.matchAll(/\bcode: (?:\w+ \? )?"([A-Z_]+)"(?: : "([A-Z_]+)")?/g)].flatMap(([, one, other]) => [
      one,
      other,
    ]),
  );
  const known = new Set(documents.flatMap((text) => [...text.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code)));
  expect(codes.length).toBeGreaterThan(100);
  expect([...new Set(codes)].filter((code) => code !== undefined && !known.has(code))).toEqual([]);
});

test("each remark that is explained is one that the sources make", () => {
  const [remarks = ""] = documents;
  const codes = [...remarks.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`([A-Z_]+)`/g)].map(([, code = ""]) => code),
  );
  expect(codes.length).toBeGreaterThan(30);
  expect(codes.filter((code) => !sources.some((source) => source.includes(`"${code}"`)))).toEqual([]);
});
