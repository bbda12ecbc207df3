import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readIfThere } from "./read-if-there.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hf-rit-"));
});
afterEach(() => rm(folder, { recursive: true }));

it("reads a file as it is, an absent one as undefined, and names what cannot be read", async () => {
  await writeFile(join(folder, "a"), " text\n");
  expect(await readIfThere(join(folder, "a"))).toBe(" text\n");
  expect(await readIfThere(join(folder, "b"))).toBeUndefined();
  await expect(readIfThere(folder)).rejects.toMatchObject({ code: "IO_FAILED", details: { path: folder } });
});
