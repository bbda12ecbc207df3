import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readRepositoryId } from "./read-repository-id.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hf-id-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("the id of a repository is read from its descriptor, and there is none without one", async () => {
  const path = join(folder, "descriptor");
  expect(await readRepositoryId(path)).toBeUndefined();
  await writeFile(path, '{"kind":"descriptor","schema":1,"repositoryId":"r-1","more":true}\nsha256:00\n');
  expect(await readRepositoryId(path)).toBe("r-1");
});

test.each(["", "{", "null", '{"kind":"epoch","repositoryId":"r-1"}', '{"kind":"descriptor"}', "\u0000\u0001"])(
  "what is garbled is damage, not a stack and not an absent repository: %j",
  async (text) => {
    const path = join(folder, "descriptor");
    await writeFile(path, text);
    await expect(readRepositoryId(path)).rejects.toMatchObject({
      code: "REPOSITORY_DAMAGED",
      message: `${path} is no descriptor of a repository`,
    });
  },
);
