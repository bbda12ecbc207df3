import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Reference, demandEqual } from "./reference.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hf-"));
});
afterEach(() => rm(dir, { recursive: true }));

const reference = (): Reference => ({
  vm: { id: "v", name: "v", status: "up", disks: [], snapshots: [] },
  fileOf: (diskId) => join(dir, `${diskId}.raw`),
  remove: () => Promise.resolve(),
});

test("a disk that equals the reference passes, and its copy goes", async () => {
  await writeFile(join(dir, "d.raw"), "the same bytes");
  await writeFile(join(dir, "copy"), "the same bytes");
  await demandEqual(join(dir, "copy"), reference(), { id: "d", alias: "root" });
  await expect(stat(join(dir, "copy"))).rejects.toMatchObject({ code: "ENOENT" });
});

test("one byte that differs fails, with the disk and the place", async () => {
  await writeFile(join(dir, "d.raw"), "the same bytes");
  await writeFile(join(dir, "copy"), "the samE bytes");
  await expect(demandEqual(join(dir, "copy"), reference(), { id: "d", alias: "root" })).rejects.toThrow(
    /disk root did not come back as it was: .* differ at byte 7/,
  );
});
