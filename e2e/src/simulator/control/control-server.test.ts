import { readFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { routeName } from "../http/router.ts";
import type { Control } from "./control.ts";
import { controlRoutes } from "./control-server.ts";

test("every request of the control endpoint is documented", async () => {
  const text = await readFile(new URL("../CONTROL.md", import.meta.url), "utf8");
  const names = controlRoutes({} as Control).map(routeName);
  expect(names.length).toBeGreaterThan(40);
  expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});
