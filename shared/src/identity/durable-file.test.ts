import { mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeFileDurably } from "./durable-file.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hf-file-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("a file is written whole, in a folder that may not exist yet, for its owner alone", async () => {
  const path = join(folder, "made", "file");
  await writeFileDurably(path, "one", 0o600);
  await writeFileDurably(path, "two", 0o600);
  expect(await readFile(path, "utf8")).toBe("two");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(folder, "made"))).toEqual(["file"]);
});

test("a failure leaves no draft behind", async () => {
  await mkdir(join(folder, "taken", "inner"), { recursive: true });
  await expect(writeFileDurably(join(folder, "taken"), "secret", 0o600)).rejects.toMatchObject({ code: "EISDIR" });
  expect(await readdir(folder)).toEqual(expect.not.arrayContaining([expect.stringMatching(/\.new$/)]));
});
