import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { licenceNotices, packageFolderOf } from "./licence-notices.ts";

it("tells which package a module was taken from, and nothing for what is ours", () => {
  expect(packageFolderOf("/t/node_modules/zod/v4/index.js")).toEqual(["/t/node_modules/zod"]);
  expect(packageFolderOf("/t/node_modules/@grpc/grpc-js/build/index.js")).toEqual(["/t/node_modules/@grpc/grpc-js"]);
  expect(packageFolderOf("/t/node_modules/a/node_modules/b/index.js")).toEqual(["/t/node_modules/a/node_modules/b"]);
  expect(packageFolderOf("/t/cli/src/main.ts")).toEqual([]);
});

it("keeps name, version, licence and every text of each package", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "hf-notices-"));
  const lay = async (name: string, files: Readonly<Record<string, string>>): Promise<string> => {
    const path = join(folder.path, name);
    await mkdir(path);
    for (const [file, text] of Object.entries(files)) await writeFile(join(path, file), text);
    return path;
  };
  const pack = (name: string) =>
    JSON.stringify({ name, version: "1.2.3", license: "MIT", author: { name: "Somebody" } });
  const two = await lay("two", {
    "package.json": pack("two"),
    LICENSE: "Permission is hereby granted",
    NOTICE: "noticed",
  });
  const one = await lay("one", { "package.json": pack("one"), "licence.md": "free\n", "index.js": "code" });

  expect(await licenceNotices(new Set([two, one]))).toBe(
    "one 1.2.3\nLicence: MIT\nAuthor: Somebody\n\nfree\n\n" +
      "two 1.2.3\nLicence: MIT\nAuthor: Somebody\n\nPermission is hereby granted\nnoticed",
  );
});
