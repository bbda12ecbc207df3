import { rm } from "node:fs/promises";
import { PointHealth, type PointSummary } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { decodeManifest } from "@holdfast/shared/format/manifest";
import { describe, expect, it } from "vitest";
import { chunkPacks, damageChunk } from "../testing/damage.ts";
import { fullDisk } from "../testing/synthetic-disk.ts";
import { openReading, readDisk } from "../testing/test-reader.ts";
import { openTestServer, type TestServer, testChunkSize } from "../testing/test-server.ts";
import { diskOf } from "../testing/test-backup.ts";
import { TestWriter } from "../testing/test-writer.ts";

const disk = fullDisk("disk", 4, 1, testChunkSize);

const backups = async (server: TestServer, taskIds: readonly string[]): Promise<void> => {
  const writer = new TestWriter(server.client, server.repositoryId);
  for (const [index, taskId] of taskIds.entries()) await writer.backup({ taskId, disks: [disk], capturedMs: index });
};

const list = async ({ client }: TestServer, includeRemoved = false): Promise<PointSummary[]> => {
  const points: PointSummary[] = [];
  for await (const { point } of client.listPoints({ includeRemoved })) if (point) points.push(point);
  return points;
};

const verify = async ({ client }: TestServer, pointId: string) => {
  let last;
  for await (const message of client.verifyPoint({ pointId })) last = message;
  return last;
};

describe("the catalog", () => {
  it("lists points by capture, gives a point with its manifest, and survives a restart", async () => {
    await using server = await openTestServer();
    await backups(server, ["b", "a"]);

    expect((await list(server)).map(({ pointId }) => pointId)).toEqual(["b", "a"]);
    const pieces: Uint8Array[] = [];
    for await (const { part } of server.client.getPoint({ pointId: "a" })) {
      if (part.case === "manifestPiece") pieces.push(part.value);
    }
    expect(decodeManifest(Buffer.concat(pieces)).clear.attempt.taskId).toBe("a");

    const before = await list(server);
    await server.server[Symbol.asyncDispose]();
    await using next = await openTestServer({ create: false }, { folder: server.folder });
    expect(await list(next)).toEqual(before);
    await expect(verify(next, "nothing")).rejects.toMatchObject({ code: "POINT_NOT_FOUND" });
  });

  it("keeps three good points of a VM unless told to go below, and answers a repeated removal the same", async () => {
    await using server = await openTestServer();
    await backups(server, ["a", "b", "c", "d"]);
    const remove = (pointId: string, belowFloor = false) =>
      server.client.removePoint({ pointId, belowFloor, reason: "test" });

    const both = await Promise.allSettled([remove("a"), remove("b")]);
    expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    await expect(remove("b")).rejects.toMatchObject({ code: "BELOW_FLOOR" });
    expect(await remove("a")).toEqual((both[0] as PromiseFulfilledResult<unknown>).value);
    await remove("b", true);

    expect((await list(server)).map(({ pointId }) => pointId)).toEqual(["c", "d"]);
    expect((await list(server, true)).map(({ pointId }) => pointId)).toEqual(["a", "b", "c", "d"]);
    await expect(openReading(server.client, "a")).rejects.toMatchObject({ code: "POINT_NOT_FOUND" });
    await server.server[Symbol.asyncDispose]();
    await using next = await openTestServer({ create: false }, { folder: server.folder });
    expect((await list(next)).map(({ pointId }) => pointId)).toEqual(["c", "d"]);
  });

  it("names a damaged chunk, calls every point hurt that uses it, and all are healed by whoever sends it again", async () => {
    await using server = await openTestServer();
    await backups(server, ["a", "b"]);
    expect(await verify(server, "a")).toMatchObject({ chunksTotal: 4, chunksVerified: 4, damaged: [] });
    await damageChunk(server.directory);

    {
      await using reading = await openReading(server.client, "a");
      const { chunks, damaged } = await readDisk(server.client, { readingId: reading.readingId, diskId: "disk" });
      expect(damaged).toEqual([{ position: 0, code: "CHUNK_DAMAGED" }]);
      expect([...chunks.keys()]).toEqual([1, 2, 3]);
    }
    const found = await verify(server, "a");

    expect(found?.damaged).toMatchObject([
      { code: "CHUNK_DAMAGED", range: { diskId: "disk", firstPosition: 0, count: 1 } },
    ]);
    expect((await list(server)).map(({ health }) => health)).toEqual([PointHealth.HURT, PointHealth.HURT]);
    await server.server[Symbol.asyncDispose]();
    await using next = await openTestServer({ create: false }, { folder: server.folder });
    expect((await list(next)).map(({ health }) => health)).toEqual([PointHealth.HURT, PointHealth.HURT]);
    const writer = new TestWriter(next.client, next.repositoryId);
    const later = await writer.backup({ taskId: "c", vmId: "other", disks: [disk] });
    expect(later.result.value).toMatchObject({
      health: PointHealth.GOOD,
      statistics: { storedBytes: BigInt(testChunkSize) },
    });
    expect(later.healed).toMatchObject({ ranges: 0, healedPoints: 2, hurtPoints: 0 });
    expect((await list(next)).map(({ health }) => health)).toEqual([1, 1, 1].map(() => PointHealth.GOOD));
  });

  it("calls every point hurt that uses a chunk which the verification of one of them finds damaged", async () => {
    await using server = await openTestServer();
    await backups(server, ["a", "b"]);
    await damageChunk(server.directory);

    expect((await verify(server, "a"))?.damaged).toHaveLength(1);

    expect((await list(server)).map(({ health }) => health)).toEqual([PointHealth.HURT, PointHealth.HURT]);
  });

  it("heals: chunks whose pack was lost are named to the next increment, read again, and every point is whole", async () => {
    await using server = await openTestServer();
    await backups(server, ["a"]);
    await server.server[Symbol.asyncDispose]();
    await removeChunkPacks(server.directory);
    await using next = await openTestServer({ create: false }, { folder: server.folder });
    const writer = new TestWriter(next.client, next.repositoryId);

    await using upload = await writer.open({ taskId: "b", base: "a", disks: [disk] });
    expect(upload.opened.heal).toMatchObject([{ diskId: "disk", firstPosition: 0, count: 4 }]);
    const backup = { taskId: "b", base: "a", disks: [disk] };
    const manifest = await writer.send(upload.opened.uploadId, backup, upload.opened);
    const { result } = await writer.commit(upload.opened.uploadId, backup, manifest);

    expect(result.value).toMatchObject({ statistics: { unchangedBytes: 0n, storedBytes: BigInt(4 * testChunkSize) } });
    expect((await verify(next, "a"))?.damaged).toEqual([]);
  });

  it("answers a commit with what to heal when pages that it reuses name chunks that are gone", async () => {
    await using server = await openTestServer();
    await backups(server, ["a"]);
    const [point] = await list(server);
    const root = await rootOf(server, "a");
    await server.server[Symbol.asyncDispose]();
    await removeChunkPacks(server.directory);
    await using next = await openTestServer({ create: false }, { folder: server.folder });
    const writer = new TestWriter(next.client, next.repositoryId);
    const backup = { taskId: "b", vmId: "other", disks: [disk] };
    await using upload = await writer.open(backup);
    const { uploadId } = upload.opened;
    expect(await writer.missing(uploadId, "page", root)).toEqual([false]);
    const manifestOf = (stored: number) =>
      writer.manifest(backup, { disks: [diskOf(disk, root)], statistics: statisticsOf(4, stored) });

    const first = await writer.commit(uploadId, backup, manifestOf(0));
    expect(first.result).toMatchObject({
      case: "heal",
      value: { ranges: [{ diskId: "disk", firstPosition: 0, count: 4 }] },
    });
    const sent = await writer.sendDisk(uploadId, disk);
    const second = await writer.commit(uploadId, backup, manifestOf(sent.chunks.stored));

    expect(second.result.case).toBe("committed");
    expect(point?.pointId).toBe("a");
  });
});

const removeChunkPacks = async (directory: string): Promise<void> => {
  for (const pack of await chunkPacks(directory)) await rm(pack);
};

const rootOf = async (server: TestServer, pointId: string): Promise<Uint8Array> => {
  await using reading = await openReading(server.client, pointId);
  for await (const { pageId } of server.client.readLeaves({
    holder: { case: "readingId", value: reading.readingId },
    diskId: "disk",
    firstLeaf: 0,
    count: 1,
    idsOnly: true,
  })) {
    return pageId;
  }
  throw new Error("no leaf");
};

const statisticsOf = (planned: number, stored: number) => ({
  plannedBytes: planned * testChunkSize,
  zeroBytes: 0,
  unchangedBytes: 0,
  deduplicatedBytes: (planned - stored) * testChunkSize,
  storedBytes: stored * testChunkSize,
  changedBytes: 0,
  readBytes: 0,
  sampledBytes: 0,
  packedBytes: 0,
});
