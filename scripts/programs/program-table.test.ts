import { glob, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { expect, it } from "vitest";
import { bundles } from "./program-table.ts";

const root = resolve(import.meta.dirname, "..", "..");

/** Modules that threads begin with, by what starts them: `sibling(import.meta, "NAME")`. */
const threadModules = async (): Promise<readonly string[]> => {
  const found: string[] = [];
  for await (const path of glob("{shared,controller,agent,repository,cli}/src/**/*.ts", { cwd: root })) {
    if (path.endsWith(".test.ts") || path.includes("/testing/")) continue;
    const source = await readFile(join(root, path), "utf8");
    const names = [...source.matchAll(/\bsibling\(import\.meta, "([^"]+)"\)/g)].map(([, name]) => name);
    found.push(...names.map((name) => join(dirname(path), `${name}.ts`)));
  }
  return found.toSorted();
};

it("every module that a thread begins with is an entry of its own, under its own name", async () => {
  const modules = await threadModules();
  const entries = Object.entries(bundles["programs"] ?? {}).filter(([name]) => name.endsWith("-worker"));

  expect(modules.length).toBeGreaterThan(0);
  expect(entries.map(([, source]) => source).toSorted()).toEqual(modules);
  for (const [name, source] of entries) expect(source).toMatch(new RegExp(`/${name}\\.ts$`));
});
