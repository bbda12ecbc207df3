import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Catalog } from "../catalog/catalog.ts";
import type { CatalogDisk } from "../catalog/catalog-point.ts";
import { openRepositoryReader } from "../store/open-repository-store.ts";
import type { RepositoryReader } from "../store/repository-store.ts";
import { runOnTerminal } from "../testing/run-on-terminal.ts";
import { fullDisk, plainAt } from "../testing/synthetic-disk.ts";
import { makeFolder, openTestServer, removeFolder, testChunkSize } from "../testing/test-server.ts";
import { TestWriter } from "../testing/test-writer.ts";
import { exportDisk } from "./export-disk.ts";
import { openPartialExport } from "./partial-export.ts";

const disk = fullDisk("root", 8, 1, testChunkSize);
const content = Buffer.concat(Array.from({ length: 8 }, (_, position) => plainAt(disk, position, testChunkSize)));

describe("an export that ends early", () => {
  let folder = "";
  let directory = "";
  let reader: RepositoryReader;
  let stored: CatalogDisk;

  beforeAll(async () => {
    folder = await makeFolder();
    {
      await using server = await openTestServer({}, { folder });
      ({ directory } = server);
      await new TestWriter(server.client, server.repositoryId).backup({ taskId: "one", disks: [disk], capturedMs: 1 });
    }
    reader = await openRepositoryReader(directory);
    const found = (await Catalog.load(reader)).require("one").disks[0];
    if (found === undefined) throw new Error("no disk");
    stored = found;
  });
  afterAll(async () => {
    await reader[Symbol.asyncDispose]();
    await removeFolder(folder);
  });

  /** Writes until some chunks are done, as one that is interrupted then. */
  const interrupted = async (target: string, after: number): Promise<number> => {
    const stop = new AbortController();
    const checkpoint = await openPartialExport(target, stored);
    const { path } = checkpoint;
    let reached = 0;
    const onProgress = (done: number): void => {
      reached = done;
      if (done >= after) stop.abort(new Error("interrupted"));
    };
    await expect(
      exportDisk(reader, { disk: stored, path, skipDamaged: false, checkpoint, onProgress }, stop.signal),
    ).rejects.toThrow("interrupted");
    return reached;
  };

  it("goes on where it was, and what it wrote before is not read again", async () => {
    const target = join(folder, "resumed.raw");
    const reached = await interrupted(target, 3);
    const checkpoint = await openPartialExport(target, stored);
    expect(checkpoint.done.donePositions).toBe(reached);
    const seen: number[] = [];
    await exportDisk(
      reader,
      {
        disk: stored,
        path: checkpoint.path,
        skipDamaged: false,
        checkpoint,
        onProgress: (done) => seen.push(done),
      },
      new AbortController().signal,
    );
    expect(Math.min(...seen)).toBeGreaterThan(reached);
    expect(await readFile(checkpoint.path)).toEqual(content);
  });

  it.each(["raw", "qcow2"])(
    "is finished by the same command with --resume, as %s, and leaves nothing else",
    async (format) => {
      const target = join(folder, `again.${format}`);
      await interrupted(target, 5);
      const args = ["export", directory, "one", "--disk", "root", "--to", target, "--format", format, "--resume"];
      expect(await runOnTerminal(...args)).toMatchObject({ code: 0 });
      if (format === "raw") expect(await readFile(target)).toEqual(content);
      expect((await stat(target)).size).toBeGreaterThan(0);
      expect((await readdir(folder)).filter((name) => name.startsWith(".again"))).toEqual([]);
    },
  );

  it("is begun anew when what is there is of something else", async () => {
    const target = join(folder, "other.raw");
    await interrupted(target, 3);
    const { path } = await openPartialExport(target, stored);
    await writeFile(path, "of another size");
    const anew = await openPartialExport(target, stored);
    expect(anew.done.donePositions).toBe(0);
    await interrupted(target, 3);
    const grown = { ...stored, sizeBytes: stored.sizeBytes + 1 };
    expect((await openPartialExport(target, grown)).done.donePositions).toBe(0);
    expect((await readdir(folder)).filter((name) => name.startsWith(".other"))).toEqual([]);
  });
});
