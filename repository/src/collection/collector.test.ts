import type { CollectionResult } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { changed, fullDisk, type SyntheticDisk } from "../testing/synthetic-disk.ts";
import { expectDisk, openReading, readDisk } from "../testing/test-reader.ts";
import { makeFolder, openTestServer, removeFolder, type TestServer, testChunkSize } from "../testing/test-server.ts";
import type { TestBackup } from "../testing/test-backup.ts";
import { TestWriter } from "../testing/test-writer.ts";

const disk = fullDisk("disk", 8, 1, testChunkSize);
const other = fullDisk("disk", 8, 100, testChunkSize);

let folder: string;
let server: TestServer;
let writer: TestWriter;

const start = async (index: string): Promise<void> => {
  const settings = { undeleteHours: 0, packTargetBytes: 512 * 1024, indexPath: join(folder, index) };
  server = await openTestServer(settings, { folder });
  writer = new TestWriter(server.client, server.repositoryId);
};

beforeEach(async () => {
  folder = await makeFolder();
  await start("index");
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await removeFolder(folder);
});

const collect = async (dryRun = false): Promise<CollectionResult> => {
  let last: CollectionResult | undefined;
  for await (const { result } of server.client.collectGarbage({ dryRun })) last = result ?? last;
  if (!last) throw new Error("no result");
  return last;
};

const remove = async (...pointIds: readonly string[]): Promise<void> => {
  for (const pointId of pointIds) await server.client.removePoint({ pointId, belowFloor: true, reason: "test" });
};

const packs = async (): Promise<string[]> => {
  const entries = await readdir(join(server.directory, "packs"), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();
};

const restore = async (pointId: string, expected: SyntheticDisk): Promise<void> => {
  await using reading = await openReading(server.client, pointId);
  expectDisk(await readDisk(server.client, { readingId: reading.readingId, diskId: expected.diskId }), expected);
};

const backup = async (taskId: string, content: SyntheticDisk, more: Partial<TestBackup> = {}): Promise<void> => {
  const { result } = await writer.backup({ taskId, disks: [content], ...more });
  expect(result.case).toBe("committed");
};

describe("a collection", () => {
  it("removes a removed point and what only it needs, keeps the rest, and does nothing when asked again", async () => {
    await backup("a", disk);
    const before = await packs();
    await backup("b", other);
    await remove("a");
    const dry = await collect(true);
    expect(dry).toMatchObject({ pointsRemoved: 1n, packsCompacted: 0n });
    expect(dry.plan).toContain("remove point a\n");
    expect(await packs()).toEqual(expect.arrayContaining(before));

    const done = await collect();
    expect({ ...done, plan: dry.plan }).toEqual(dry);
    const left = await packs();
    expect(before.some((pack) => left.includes(pack))).toBe(false);
    await restore("b", other);
    await expect(restore("a", disk)).rejects.toMatchObject({ code: "POINT_NOT_FOUND" });
    expect(await readdir(join(server.directory, "points", "a"))).toEqual(["marks"]);
    expect(await collect()).toMatchObject({ pointsRemoved: 0n, packsRemoved: 0n, packsCompacted: 0n });
    expect(await packs()).toEqual(left);
  });

  it("copies what is live out of wasteful packs, and every point is restored, also by the next owner and a rebuilt index", async () => {
    await backup("a", disk);
    const half = changed(disk, { 0: 200, 2: 201, 4: 202, 6: 203 });
    await backup("b", half);
    await remove("a");
    const done = await collect();
    expect(Number(done.packsCompacted)).toBeGreaterThan(0);
    await restore("b", half);
    await server[Symbol.asyncDispose]();
    await start("other-index");
    await restore("b", half);
    expect(await collect()).toMatchObject({ packsRemoved: 0n, packsCompacted: 0n });
  });

  it("spares what an open upload was told is known, and takes it when the upload is over", async () => {
    await backup("a", disk);
    await remove("a");
    const next: TestBackup = { taskId: "b", disks: [disk] };
    {
      await using upload = await writer.open(next);
      const manifest = await writer.send(upload.opened.uploadId, next, upload.opened);
      expect(await collect()).toMatchObject({ pointsRemoved: 1n, packsRemoved: 0n });
      await writer.commit(upload.opened.uploadId, next, manifest);
    }
    await restore("b", disk);
    await collect();
    await restore("b", disk);
  });

  it("makes a writer send again what it removed: nothing condemned is ever called known", async () => {
    await backup("a", disk);
    const next: TestBackup = { taskId: "b", disks: [disk] };
    await using upload = await writer.open(next);
    await remove("a");
    expect(Number((await collect()).packsRemoved)).toBeGreaterThan(0);
    const manifest = await writer.send(upload.opened.uploadId, next, upload.opened);
    await writer.commit(upload.opened.uploadId, next, manifest);
    await restore("b", disk);
  });

  it("keeps a removed point while somebody builds on it or reads it", async () => {
    await backup("a", disk);
    {
      await using upload = await writer.open({ taskId: "b", disks: [disk], base: "a" });
      await remove("a");
      expect(await collect()).toMatchObject({ pointsRemoved: 0n, packsRemoved: 0n });
      expect(upload.opened.uploadId).not.toBe("");
    }
    await backup("c", disk);
    await using reading = await openReading(server.client, "c");
    await remove("c");
    expect(await collect()).toMatchObject({ packsRemoved: 0n });
    expectDisk(await readDisk(server.client, { readingId: reading.readingId, diskId: "disk" }), disk);
  });

  it("lets nobody make the task of a point that is gone again", async () => {
    await backup("a", disk);
    await remove("a");
    await collect();
    await expect(backup("a", disk, { number: 2 })).rejects.toMatchObject({ code: "ATTEMPT_FENCED" });
    expect(await server.client.fence({ attempt: { taskId: "a", number: 2, attemptId: "try2" } })).toMatchObject({});
    await expect(remove("a")).rejects.toMatchObject({ code: "POINT_NOT_FOUND" });
  });

  it("is refused while another one runs, and ends with its caller", async () => {
    await backup("a", disk);
    await remove("a");
    const [first, second] = await Promise.allSettled([collect(), collect()]);
    const failed = [first, second].filter(({ status }) => status === "rejected");
    expect(failed.length).toBeLessThanOrEqual(1);
    for (const { reason } of failed as PromiseRejectedResult[])
      expect(reason).toMatchObject({ code: "REPOSITORY_BUSY" });
    await backup("b", other);
    await remove("b");
    const stop = new AbortController();
    const stopped = (async () => {
      for await (const message of server.client.collectGarbage({}, { signal: stop.signal })) if (message) stop.abort();
    })();
    await stopped.catch(() => undefined);
    // The server hears of it a moment later.
    await vi.waitFor(() => collect(), { timeout: 10_000 });
    expect(await packs()).toEqual([]);
  });
});
