import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fullDisk } from "../testing/synthetic-disk.ts";
import { runOnTerminal as run } from "../testing/run-on-terminal.ts";
import { makeFolder, openTestServer, removeFolder, testChunkSize } from "../testing/test-server.ts";
import { TestWriter } from "../testing/test-writer.ts";

const kept = fullDisk("disk", 3, 1, testChunkSize);
const removed = fullDisk("disk", 3, 50, testChunkSize);

let folder = "";
let directory = "";

const packs = async (): Promise<number> => {
  const entries = await readdir(join(directory, "packs"), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).length;
};

beforeEach(async () => {
  folder = await makeFolder();
  await using server = await openTestServer({}, { folder });
  ({ directory } = server);
  const writer = new TestWriter(server.client, server.repositoryId);
  await writer.backup({ taskId: "kept", disks: [kept] });
  await writer.backup({ taskId: "removed", disks: [removed] });
  await server.client.removePoint({ pointId: "removed", belowFloor: true, reason: "test" });
});

afterEach(async () => {
  await removeFolder(folder);
});

describe("holdfast-repository gc", () => {
  it("says what it would do without owning anything, and keeps what can still be brought back", async () => {
    const soon = await run("gc", directory, "--dry-run", "-o", "json");
    expect(JSON.parse(soon.stdout)).toMatchObject({ pointsRemoved: 0, packsRemoved: 0 });
    const later = await run("gc", directory, "--dry-run", "--undelete-hours", "0");
    expect(later).toMatchObject({ code: 0 });
    expect(later.stdout).toContain("remove point removed\n");
    expect(later.stdout).toMatch(/remove packs\/\S+ chunk \d+ bytes, 3 dead records/);
    expect(await packs()).toBe(4);
    expect(await readdir(join(directory, "epochs"))).toHaveLength(1);
  });

  it("removes what nothing needs, and every other point is whole", async () => {
    expect(await run("gc", directory)).toMatchObject({ code: 0 });
    expect(await packs()).toBe(4);
    const done = await run("gc", directory, "--undelete-hours", "0", "-o", "json");
    expect(JSON.parse(done.stdout)).toMatchObject({ pointsRemoved: 1, packsRemoved: 2 });
    expect(await packs()).toBe(2);
    expect((await run("list", directory, "--removed")).stdout).not.toContain("removed");
    expect(await run("verify", directory)).toMatchObject({ code: 0 });
  });

  it("ends a server that owns the repository, and says so beforehand", async () => {
    expect((await run("gc", "--help")).stdout).toContain("a server that owns it now ends");
    await using server = await openTestServer({}, { folder });
    expect(await run("gc", directory, "--undelete-hours", "0")).toMatchObject({ code: 0 });
    const left = server.client.removePoint({ pointId: "kept", belowFloor: true, reason: "test" });
    await expect(left).rejects.toMatchObject({ code: "REPOSITORY_NOT_OWNED" });
  });

  it("refuses hours that are none", async () => {
    expect(await run("gc", directory, "--undelete-hours", "soon")).toMatchObject({ code: 64 });
  });
});
