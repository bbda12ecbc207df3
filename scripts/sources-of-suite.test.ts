import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProcess } from "@holdfast/shared/process/child-process";
import { afterEach, beforeEach, expect, test } from "vitest";

const script = join(import.meta.dirname, "sources-of-suite");
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hf-suite-"));
});
afterEach(() => rm(folder, { recursive: true }));

const stanza = (suites: string): string => `Types: deb\nURIs: http://mirror.example/debian\nSuites: ${suites}\n`;
const chosen = async (suite: string, ...stanzas: readonly string[]): Promise<readonly string[]> => {
  const file = join(folder, "debian.sources");
  if (stanzas.length > 0) await writeFile(file, stanzas.join("\n"));
  const lines: string[] = [];
  await using child = await startProcess({
    name: "sources-of-suite",
    command: script,
    args: [suite, file],
    onLine: (line) => lines.push(line),
  });
  expect((await child.exited).code).toBe(0);
  return lines.map((line) => line.replace(folder, ""));
};

test("a machine's own sources are taken for an image of its own suite", async () => {
  const own = [stanza("bookworm bookworm-updates"), stanza("bookworm-security")];
  expect(await chosen("bookworm", ...own)).toEqual(["/debian.sources"]);
});

test.each([["trixie"], ["book"], ["sid"]])(
  "they are not taken for an image of suite %s, which they do not have",
  async (suite) => {
    expect(await chosen(suite, stanza("bookworm bookworm-updates"))).toEqual([]);
  },
);

test("sources of several suites are not taken: the image would be of both", async () => {
  expect(await chosen("bookworm", stanza("bookworm"), stanza("trixie"))).toEqual([]);
});

test("a machine without such a file, or with an empty one, has none", async () => {
  expect(await chosen("bookworm")).toEqual([]);
  expect(await chosen("bookworm", "# nothing\n")).toEqual([]);
});
