import { chmod, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { openKeyFile } from "./key-file.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hf-key-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test("a missing key file is made for its owner alone, and read again afterwards", async () => {
  const path = join(folder, "secrets", "key");
  const key = await openKeyFile(path);
  expect(key).toHaveLength(32);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await openKeyFile(path)).toEqual(key);
  expect(await readdir(join(folder, "secrets"))).toEqual(["key"]);
});

test("several who make it at the same time end with the same key", async () => {
  const path = join(folder, "key");
  const keys = await Promise.all(Array.from({ length: 8 }, () => openKeyFile(path)));
  expect(new Set(keys.map((key) => Buffer.from(key).toString("hex"))).size).toBe(1);
  expect(await readdir(folder)).toEqual(["key"]);
});

test.each(["640", "604", "660"])("a key file of mode %s is refused", async (mode) => {
  const path = join(folder, "key");
  await openKeyFile(path);
  await chmod(path, Number.parseInt(mode, 8));
  await expect(openKeyFile(path)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});

test("a file that holds no key is refused and left as it is", async () => {
  const path = join(folder, "key");
  await writeFile(path, "not a key\n", { mode: 0o600 });
  await expect(openKeyFile(path)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});

test("a path that cannot be used says which", async () => {
  await writeFile(join(folder, "file"), "", { mode: 0o600 });
  await expect(openKeyFile(join(folder, "file", "key"))).rejects.toMatchObject({
    code: "IO_FAILED",
    details: { path: join(folder, "file", "key") },
  });
});
