import Database from "better-sqlite3";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startProcess } from "@holdfast/shared/process/child-process";
import { beforeAll, afterAll, describe, expect, it } from "vitest";
import { fullDisk, plainAt, type SyntheticDisk } from "../testing/synthetic-disk.ts";
import { damageChunk } from "../testing/damage.ts";
import { makeFolder, openTestServer, removeFolder, testChunkSize } from "../testing/test-server.ts";
import { TestWriter } from "../testing/test-writer.ts";
import { runOnTerminal as run } from "../testing/run-on-terminal.ts";

const sparse: SyntheticDisk = {
  diskId: "data",
  sizeBytes: 40 * testChunkSize + 512,
  seeds: new Map([
    [2, 7],
    [40, 9],
  ]),
};
const disks = [fullDisk("root", 4, 1, testChunkSize), sparse];

const contentOf = (disk: SyntheticDisk): Buffer =>
  Buffer.concat(
    Array.from({ length: Math.ceil(disk.sizeBytes / testChunkSize) }, (_, position) =>
      plainAt(disk, position, testChunkSize),
    ),
  );

describe("holdfast-repository on a bare directory", () => {
  let folder = "";
  let directory = "";

  beforeAll(async () => {
    folder = await makeFolder();
    await using server = await openTestServer({}, { folder });
    ({ directory } = server);
    const writer = new TestWriter(server.client, server.repositoryId);
    await writer.backup({ taskId: "good", disks, capturedMs: 1 });
    await writer.backup({ taskId: "gone", disks: [], capturedMs: 2 });
    await server.client.removePoint({ pointId: "gone", belowFloor: true, reason: "test" });
  });

  afterAll(async () => {
    await removeFolder(folder);
  });

  it("makes a repository, once", async () => {
    const fresh = join(folder, "fresh");
    const made = await run("init", fresh, "--chunk-size", "262144", "-o", "json");
    expect(made).toMatchObject({ code: 0 });
    expect(JSON.parse(made.stdout)).toMatchObject({ location: fresh, chunkSize: 262_144, recoveryKey: null });
    expect(await run("init", fresh)).toMatchObject({ code: 73 });
    expect((await run("list", fresh)).stdout).toContain("POINT");
  });

  it("lists and shows points, as a table and as JSON", async () => {
    const table = await run("list", directory);
    expect(table.stdout).toContain("good");
    expect(table.stdout).not.toContain("gone");
    expect((await run("list", directory, "--removed")).stdout).toContain("gone");
    const json: unknown = JSON.parse((await run("list", directory, "-o", "json")).stdout);
    expect(json).toMatchObject({
      points: [{ pointId: "good", state: "good", disks: [{ diskId: "root" }, { diskId: "data" }] }],
    });
    expect((await run("show", directory, "good")).stdout).toContain("stored");
    expect((await run("show", directory, "good", "--ovf")).stdout).toBe("<ovf/>\n");
    expect(await run("show", directory, "nothing")).toMatchObject({ code: 66 });
  });

  it("reads beside a running server and leaves the repository as it was", async () => {
    await using server = await openTestServer({ create: false }, { folder });
    const before = await readdir(directory, { recursive: true });

    expect(await run("verify", directory)).toMatchObject({ code: 0 });

    expect(await readdir(directory, { recursive: true })).toEqual(before);
    expect((await server.client.getRepository({})).points).toBe(2);
  });

  it("exports disks bit for bit, sparse, and never over a file unless forced", async () => {
    const to = join(folder, "data.raw");

    expect(await run("export", directory, "good", "--disk", "data", "--to", to)).toMatchObject({ code: 0 });

    expect(Buffer.compare(await readFile(to), contentOf(sparse))).toBe(0);
    expect((await stat(to)).blocks * 512).toBeLessThan(4 * testChunkSize);
    expect(await run("export", directory, "good", "--disk", "data", "--to", to)).toMatchObject({ code: 73 });
    await writeFile(to, "other");
    expect(await run("export", directory, "good", "--disk", "data", "--to", to, "--force")).toMatchObject({ code: 0 });
    expect((await stat(to)).size).toBe(sparse.sizeBytes);
  });

  it.each(["qcow2", "vmdk", "vhdx"] as const)(
    "exports all disks as %s into a folder, the same to qemu-img",
    async (format) => {
      const to = join(folder, format);

      expect(await run("export", directory, "good", "--all", "--to", to, "--format", format)).toMatchObject({
        code: 0,
      });

      expect((await readdir(to)).toSorted()).toEqual([`data.${format}`, `root.${format}`]);
      for (const disk of disks) {
        const raw = join(folder, `${disk.diskId}.expected`);
        await writeFile(raw, contentOf(disk));
        const args = ["compare", "-f", "raw", "-F", format, raw, join(to, `${disk.diskId}.${format}`)];
        await using compare = await startProcess({ name: "qemu-img", command: "qemu-img", args });
        expect(await compare.exited).toMatchObject({ code: 0 });
      }
    },
  );

  it("makes an index file anew, and puts nothing else in its place", async () => {
    const index = join(folder, "rebuilt");
    expect(await run("rebuild-index", directory, "--index", index)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^indexed 6 chunks and 2 pages of 2 packs/),
    });
    const again = await run("rebuild-index", directory, "--index", index, "-o", "json");
    expect(JSON.parse(again.stdout)).toEqual({ index, packs: 2, chunks: 6, pages: 2, damagedPacks: [] });
    const letter = join(folder, "letter");
    await writeFile(letter, "a letter that somebody wrote");
    expect(await run("rebuild-index", directory, "--index", letter)).toMatchObject({ code: 64 });
    expect(await readFile(letter, "utf8")).toBe("a letter that somebody wrote");
    const other = join(folder, "other.sqlite");
    new Database(other).exec("CREATE TABLE jobs (name TEXT); INSERT INTO jobs VALUES ('nightly')").close();
    for (const command of ["rebuild-index", "verify"])
      expect(await run(command, directory, "--index", other)).toMatchObject({ code: 64 });
    const kept = new Database(other, { readonly: true });
    expect(kept.prepare("SELECT name FROM jobs").pluck().get()).toBe("nightly");
    kept.close();
  });

  it("verifies nothing in silence: what matches no point is no success", async () => {
    expect(await run("verify", directory, "--vm", "nobody")).toMatchObject({ code: 66, stdout: "" });
    expect(await run("verify", directory, "good", "--vm", "nobody")).toMatchObject({ code: 64 });
  });

  it("says what is wrong with a command line, and its help has examples and exit codes", async () => {
    expect(await run("export", directory, "good", "--to", "x")).toMatchObject({ code: 64 });
    expect(await run("export", directory, "--all", "--to", "x")).toMatchObject({ code: 64 });
    expect(await run("nonsense")).toMatchObject({ code: 64 });
    const commands = ["init", "list", "show", "verify", "export", "gc", "rebuild-index", "serve"];
    const nested = [
      "key change-password",
      "key add-recovery",
      "key rotate",
      "configuration list",
      "configuration export",
    ];
    for (const command of [...commands, ...nested]) {
      const told = await run(...command.split(" "), "--help");
      expect(told.code, command).toBe(0);
      expect(told.stdout, command).toContain(`Usage: holdfast-repository ${command}`);
      if (command !== "serve") expect(told.stdout, command).toContain("--output <format>");
    }
    const help = await run("--help");
    expect(help.code).toBe(0);
    expect(help.stdout).toContain("Examples:");
    expect(help.stdout).toContain("Exit codes:");
    expect(await run("list", join(folder, "nowhere"))).toMatchObject({ code: 66 });
  });

  it("restores a hurt point only when told to skip, and leaves no partial file", async () => {
    await damageChunk(directory);
    const to = join(folder, "hurt.raw");

    expect(await run("verify", directory)).toMatchObject({
      code: 65,
      stdout: expect.stringContaining("CHUNK_DAMAGED"),
    });
    expect(await run("export", directory, "good", "--disk", "root", "--to", to)).toMatchObject({ code: 65 });
    expect((await readdir(folder)).filter((name) => name.includes("hurt"))).toEqual([]);
    const skipped = await run("export", directory, "good", "--disk", "root", "--to", to, "--skip-damaged");

    expect(skipped).toMatchObject({
      code: 3,
      stderr: expect.stringContaining(`disk root chunks 0+1 (bytes 0+${testChunkSize}) are zeros: CHUNK_DAMAGED`),
    });
    const expected = contentOf(disks[0]!).fill(0, 0, testChunkSize);
    expect(Buffer.compare(await readFile(to), expected)).toBe(0);
  });
});
