import { rm } from "node:fs/promises";
import { join } from "node:path";
import { PointHealth } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { recordHeaderSize } from "@holdfast/shared/format/record-header";
import { describe, expect, it } from "vitest";
import { packHeaderSize } from "../store/pack-header.ts";
import { flipByte, pagePacks } from "../testing/damage.ts";
import {
  damageFirstChunk,
  healthOf,
  listHurt,
  quarantined,
  verifyPacks,
  verifyPoint,
} from "../testing/damage-questions.ts";
import { changed, fullDisk } from "../testing/synthetic-disk.ts";
import { expectDisk, openReading, readDisk } from "../testing/test-reader.ts";
import { openTestServer, type TestServer, testChunkSize } from "../testing/test-server.ts";
import { TestWriter } from "../testing/test-writer.ts";

/** A disk of three leaves, the middle one full. */
const disk = {
  ...fullDisk("disk", 2100, 1, testChunkSize),
  seeds: new Map([0, 1, 2, 3, 1024, 1025, 2050].map((position) => [position, position + 1])),
};

const writerOf = (server: TestServer): TestWriter => new TestWriter(server.client, server.repositoryId);

const range = (firstPosition: number, count: number) => ({ diskId: "disk", firstPosition, count });

describe("a chunk that was damaged on its disk", () => {
  it("is read again by the next increment and by nothing else, which heals every point that has the same content", async () => {
    await using server = await openTestServer();
    const writer = writerOf(server);
    await writer.backup({ taskId: "a", disks: [disk], capturedMs: 1 });
    const second = changed(disk, { 1024: 9000 });
    await writer.backup({ taskId: "b", base: "a", disks: [second], capturedMs: 2 });
    await damageFirstChunk(server);

    const found = await verifyPoint(server, "b");
    expect(found?.damaged).toMatchObject([{ code: "CHUNK_DAMAGED", range: range(0, 1) }]);
    expect(await healthOf(server)).toEqual([
      ["a", PointHealth.HURT],
      ["b", PointHealth.HURT],
    ]);
    expect(await quarantined(server)).toBe(1);

    const third = { taskId: "c", base: "b", disks: [changed(second, { 1025: 9001 })], capturedMs: 3 };
    await using upload = await writer.open(third);
    const { uploadId, heal } = upload.opened;
    expect(heal).toMatchObject([range(0, 1)]);
    const manifest = await writer.send(uploadId, third, upload.opened);
    const { result, healed } = await writer.commit(uploadId, third, manifest);

    expect(result.value).toMatchObject({
      health: PointHealth.GOOD,
      statistics: {
        storedBytes: BigInt(2 * testChunkSize),
        deduplicatedBytes: 0n,
        unchangedBytes: BigInt(5 * testChunkSize),
      },
    });
    expect(healed).toMatchObject({ ranges: 1, healedPoints: 2, hurtPoints: 0 });
    expect((await healthOf(server)).map(([, health]) => health)).toEqual([1, 2, 3].map(() => PointHealth.GOOD));
    expect(await listHurt(server)).toEqual([]);
    await using reading = await openReading(server.client, "a");
    expectDisk(await readDisk(server.client, { readingId: reading.readingId, diskId: "disk" }), disk);
  });

  it("leaves older points hurt, named by disk and range, when its content is another by now", async () => {
    await using server = await openTestServer();
    const writer = writerOf(server);
    await writer.backup({ taskId: "a", disks: [disk], capturedMs: 1 });
    await damageFirstChunk(server);
    await verifyPoint(server, "a");

    const later = await writer.backup({ taskId: "b", base: "a", disks: [changed(disk, { 0: 9000 })], capturedMs: 2 });
    expect(later.healed).toMatchObject({ ranges: 1, healedPoints: 0, hurtPoints: 1 });
    expect(await healthOf(server)).toEqual([
      ["a", PointHealth.HURT],
      ["b", PointHealth.GOOD],
    ]);
    expect(await listHurt(server)).toMatchObject([
      { pointId: "a", damaged: [{ code: "CHUNK_DAMAGED", range: range(0, 1) }] },
    ]);
  });

  it("stays away after the index was made anew, and a former owner's unfinished search is finished by the next", async () => {
    await using server = await openTestServer();
    await writerOf(server).backup({ taskId: "a", disks: [disk] });
    await damageFirstChunk(server);
    await verifyPoint(server, "a");
    await server.server[Symbol.asyncDispose]();
    await rm(join(server.folder, "index"));
    await rm(join(server.directory, "points", "a", "marks"), { recursive: true });

    await using next = await openTestServer({ create: false }, { folder: server.folder });
    await expect.poll(() => healthOf(next)).toEqual([["a", PointHealth.HURT]]);
    await using upload = await writerOf(next).open({ taskId: "b", base: "a", disks: [disk] });
    expect(upload.opened.heal).toMatchObject([range(0, 1)]);
  });

  it("is told to an upload that was opened before by its commit", async () => {
    await using server = await openTestServer();
    const writer = writerOf(server);
    await writer.backup({ taskId: "a", disks: [disk] });
    const backup = { taskId: "b", base: "a", disks: [disk] };
    await using upload = await writer.open(backup);
    const { uploadId } = upload.opened;
    expect(upload.opened.heal).toEqual([]);
    const manifest = await writer.send(uploadId, backup, upload.opened);
    await damageFirstChunk(server);
    await verifyPoint(server, "a");

    const first = await writer.commit(uploadId, backup, manifest);
    expect(first.result).toMatchObject({ case: "heal", value: { ranges: [range(0, 1)] } });
    const heal = first.result.case === "heal" ? first.result.value.ranges : [];
    const again = await writer.send(uploadId, backup, { ...upload.opened, heal });
    const second = await writer.commit(uploadId, backup, again);
    expect(second).toMatchObject({ result: { case: "committed" }, healed: { ranges: 1, healedPoints: 1 } });
  });
});

describe("a chunk that a restore finds damaged", () => {
  it("is put away without a verification, and its points are named; what is known stays known", async () => {
    await using server = await openTestServer();
    await writerOf(server).backup({ taskId: "a", disks: [disk] });
    await damageFirstChunk(server);
    {
      await using reading = await openReading(server.client, "a");
      const { damaged } = await readDisk(server.client, { readingId: reading.readingId, diskId: "disk" });
      expect(damaged).toEqual([{ position: 0, code: "CHUNK_DAMAGED" }]);
    }
    await expect.poll(() => healthOf(server)).toEqual([["a", PointHealth.HURT]]);
    expect(await quarantined(server)).toBe(1);
    const found = await verifyPoint(server, "a");
    expect(found?.damaged).toMatchObject([{ code: "CHUNK_DAMAGED", range: range(0, 1) }]);
  });
});

describe("a page that was damaged on its disk", () => {
  it("has its whole leaf read again, and no other", async () => {
    await using server = await openTestServer();
    const writer = writerOf(server);
    await writer.backup({ taskId: "a", disks: [disk], capturedMs: 1 });
    // The first page is the first leaf.
    for (const path of await pagePacks(server.directory)) await flipByte(path, packHeaderSize + recordHeaderSize + 20);
    expect(await verifyPacks(server)).toMatchObject({ recordsDamaged: 1n, pointsHurt: 1 });
    expect(await listHurt(server)).toMatchObject([
      { pointId: "a", damaged: [{ code: "CHUNK_DAMAGED", range: range(0, 1024) }] },
    ]);

    const backup = { taskId: "b", base: "a", disks: [disk], capturedMs: 2 };
    await using upload = await writer.open(backup);
    const { uploadId, heal } = upload.opened;
    expect(heal).toMatchObject([range(0, 1024)]);
    const sent = await writer.commit(uploadId, backup, await writer.send(uploadId, backup, upload.opened));

    expect(sent).toMatchObject({
      result: {
        case: "committed",
        value: { statistics: { deduplicatedBytes: BigInt(4 * testChunkSize), storedBytes: 0n } },
      },
      healed: { healedPoints: 1, hurtPoints: 0 },
    });
    expect(await verifyPacks(server)).toMatchObject({ recordsDamaged: 0n, recordsMissing: 0n });
  });
});

describe("a page that nobody knew to be damaged", () => {
  it("is found by whoever opens an upload on it, and healed", async () => {
    await using server = await openTestServer();
    await writerOf(server).backup({ taskId: "a", disks: [disk], capturedMs: 1 });
    for (const path of await pagePacks(server.directory)) await flipByte(path, packHeaderSize + recordHeaderSize + 20);
    // So that no page is in memory any more, nor known to be whole.
    await server.server[Symbol.asyncDispose]();
    await using next = await openTestServer({ create: false }, { folder: server.folder });
    const backup = { taskId: "b", base: "a", disks: [disk], capturedMs: 2 };
    await using upload = await writerOf(next).open(backup);
    const { uploadId, heal } = upload.opened;
    expect(heal).toMatchObject([range(0, 1024)]);
    expect(await quarantined(next)).toBe(1);
    const sent = await writerOf(next).commit(
      uploadId,
      backup,
      await writerOf(next).send(uploadId, backup, upload.opened),
    );
    expect(sent).toMatchObject({ result: { case: "committed" }, healed: { healedPoints: 1, hurtPoints: 0 } });
  });
});
