import { createHash } from "node:crypto";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeFileTree } from "./file-tree.ts";

const MiB = 1024 * 1024;

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hf-"));
});
afterEach(() => rm(dir, { recursive: true }));

const summary = async (seed: number, name: string): Promise<{ readonly bytes: number; readonly digest: string }> => {
  const tree = join(dir, name);
  await writeFileTree(tree, { seed, sizeBytes: 16 * MiB });
  const digest = createHash("sha256");
  let bytes = 0;
  const entries = await readdir(tree, { recursive: true, withFileTypes: true });
  for (const path of entries
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
    .sort()) {
    const content = await readFile(path);
    digest.update(path.slice(tree.length)).update(content);
    bytes += content.byteLength;
  }
  return { bytes, digest: digest.digest("hex") };
};

test("a seed makes the same tree again, of about the size that was asked for", async () => {
  const first = await summary(1, "a");
  expect(await summary(1, "b")).toEqual(first);
  expect((await summary(2, "c")).digest).not.toBe(first.digest);
  expect(first.bytes).toBeGreaterThan(14 * MiB);
  expect(first.bytes).toBeLessThan(40 * MiB);
});
