import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { z } from "zod";
import { productVersion } from "./product-version.ts";

const packageSchema = z.object({ version: z.string(), workspaces: z.array(z.string()).default([]) });
const readPackage = async (folder: string): Promise<z.infer<typeof packageSchema>> => {
  const url = new URL(`../../../${folder}/package.json`, import.meta.url);
  return packageSchema.parse(JSON.parse(await readFile(url, "utf8")));
};

it("the version is that of the root and of every workspace", async () => {
  const root = await readPackage(".");
  expect(root.version).toBe(productVersion);
  for (const folder of root.workspaces) expect((await readPackage(folder)).version, folder).toBe(productVersion);
});
