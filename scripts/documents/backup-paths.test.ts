import { expect, test } from "vitest";
import { faultOf, readRows } from "./tests-of-rows.ts";

test("each path of a backup and each fallback names a test that exists", () => {
  const rows = readRows("docs/design/backup-paths.md", 5);
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.map(faultOf).filter((fault) => fault !== undefined)).toEqual([]);
});
