import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { PointHealth } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { recordHeaderSize } from "@holdfast/shared/format/record-header";
import { describe, expect, it } from "vitest";
import { packHeaderSize } from "../store/pack-header.ts";
import { chunkPacks, flipByte } from "../testing/damage.ts";
import { healthOf, listHurt, quarantined, verifyPacks } from "../testing/damage-questions.ts";
import { fullDisk } from "../testing/synthetic-disk.ts";
import { openTestServer, type TestServer, testChunkSize } from "../testing/test-server.ts";
import { TestWriter } from "../testing/test-writer.ts";

const disk = fullDisk("disk", 7, 1, testChunkSize);

const writerOf = (server: TestServer): TestWriter => new TestWriter(server.client, server.repositoryId);

describe("the verification of a repository", () => {
  it("tells damaged, missing and unreachable apart, and names who is hurt", async () => {
    await using server = await openTestServer({ packTargetBytes: 2 * testChunkSize });
    const writer = writerOf(server);
    await writer.backup({ taskId: "a", disks: [disk], capturedMs: 1 });
    const [damaged = "", gone = ""] = (await chunkPacks(server.directory)).toSorted();
    await flipByte(damaged, packHeaderSize + recordHeaderSize + 1000);
    await rm(gone);

    const found = await verifyPacks(server);
    expect(found).toMatchObject({ recordsDamaged: 1n, packsUnreachable: 0, pointsHurt: 1 });
    expect(Number(found.recordsMissing)).toBeGreaterThan(0);
    const [hurt] = await listHurt(server);
    expect(hurt?.pointId).toBe("a");
    expect(new Set(hurt?.damaged.map(({ code }) => code))).toEqual(new Set(["CHUNK_DAMAGED", "CHUNK_MISSING"]));
    expect(await quarantined(server)).toBe(1);

    // What was found once is not found again, and the pack that is gone is forgotten.
    expect(await verifyPacks(server)).toMatchObject({ recordsDamaged: 0n, recordsMissing: 0n, packsUnreachable: 0 });
    const healed = await writer.backup({ taskId: "b", base: "a", disks: [disk], capturedMs: 2 });
    expect(healed.healed).toMatchObject({ healedPoints: 1, hurtPoints: 0 });
  });

  it("calls nothing missing when the store itself is not there", async () => {
    await using server = await openTestServer();
    await writerOf(server).backup({ taskId: "a", disks: [disk] });
    await rm(join(server.directory, "descriptor"));
    for (const path of await chunkPacks(server.directory)) await rm(path);

    await expect(verifyPacks(server)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(await healthOf(server)).toEqual([["a", PointHealth.GOOD]]);
    expect(await quarantined(server)).toBe(0);
  });

  it("reads least recently read packs first within its budget, and remembers that over restarts", async () => {
    await using server = await openTestServer({ packTargetBytes: 2 * testChunkSize });
    await writerOf(server).backup({ taskId: "a", disks: [disk] });
    const first = await verifyPacks(server, 1n);
    expect(first).toMatchObject({ packsTotal: 1, packsDone: 1 });
    const total = (first.coverage?.readBytes ?? 0n) + (first.coverage?.freshBytes ?? 0n);
    expect(first.coverage?.readBytes).toBe(first.bytesDone);
    await server.server[Symbol.asyncDispose]();

    await using next = await openTestServer({ create: false }, { folder: server.folder });
    const second = await verifyPacks(next, total - first.bytesDone);
    expect(second).toMatchObject({ bytesDone: total - first.bytesDone, recordsDamaged: 0n });
    expect(second.coverage).toMatchObject({ readBytes: total, freshBytes: 0n, overdueBytes: 0n });
  });

  it("reads a pack whose table of contents is damaged by the index", async () => {
    await using server = await openTestServer();
    await writerOf(server).backup({ taskId: "a", disks: [disk] });
    for (const path of await chunkPacks(server.directory)) {
      await using file = await open(path);
      const { size } = await file.stat();
      await flipByte(path, size - 10);
      await flipByte(path, packHeaderSize + recordHeaderSize + 1000);
    }
    expect(await verifyPacks(server)).toMatchObject({ recordsDamaged: 1n, recordsMissing: 0n, pointsHurt: 1 });
    expect(server.log.lines.some(({ message }) => message.includes("table of contents"))).toBe(true);
  });
});
