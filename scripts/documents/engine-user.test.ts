import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { neededPermits } from "../../shared/src/rights/needed-permits.ts";

test("the page of the engine's user has a row for each permit, in the words of the table", async () => {
  const page = await readFile(join(import.meta.dirname, "../../docs/operations/engine-user.md"), "utf8");
  const rows = page.split("\n").filter((line) => line.startsWith("| `"));
  expect(rows).toEqual(
    neededPermits.map(({ permit, features, without }) => `| \`${permit}\` | ${features.join(", ")} | ${without} |`),
  );
});
