import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { systemRandom } from "../ids/ids.ts";
import { openDraftFolder } from "./draft-folder.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hf-draft-"));
  path = join(folder, "identity");
});
afterEach(() => rm(folder, { recursive: true }));

it("appears whole under its name, and leaves nothing else", async () => {
  await using draft = await openDraftFolder(path, systemRandom);
  await draft.write("a", "text");
  expect(await readdir(folder)).not.toContain("identity");
  await draft.publish();
  expect(await readFile(join(path, "a"), "utf8")).toBe("text");
  expect(await readdir(folder)).toEqual(["identity"]);
});

it("takes no name under which something lies", async () => {
  await mkdir(path);
  await writeFile(join(path, "theirs"), "");
  await using draft = await openDraftFolder(path, systemRandom);
  await expect(draft.publish()).rejects.toMatchObject({ code: "ALREADY_EXISTS", details: { path } });
  expect(await readdir(path)).toEqual(["theirs"]);
});

it("that cannot be given its name for another reason says so", async () => {
  await writeFile(path, "a file");
  await using draft = await openDraftFolder(path, systemRandom);
  await expect(draft.publish()).rejects.toMatchObject({
    code: "IO_FAILED",
    details: { path },
    cause: { code: "ENOTDIR" },
  });
});
