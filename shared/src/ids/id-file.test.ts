import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadIdFile } from "./id-file.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "hf-id-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const load = (path: string, made: string): Promise<string> =>
  loadIdFile({ path, of: "agent", form: /^[0-9a-z]{1,8}$/, make: () => made });

describe("an id file", () => {
  it("is made once, for its owner alone, with the folder that holds it, and read ever after", async () => {
    const path = join(directory, "new", "agent-id");
    expect(await load(path, "first")).toBe("first");
    expect(await load(path, "second")).toBe("first");
    expect(await readFile(path, "utf8")).toBe("first\n");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("is refused when it holds no id, and when it cannot be read", async () => {
    const path = join(directory, "agent-id");
    await writeFile(path, "NOT ONE\n");
    await expect(load(path, "first")).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await expect(load(directory, "first")).rejects.toMatchObject({ code: "IO_FAILED" });
  });
});
