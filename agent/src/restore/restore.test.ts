import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BenchDisk, benchBackUp, benchRestore } from "../testing/backup-bench.ts";
import { damageChunk, packOf } from "../testing/damage-chunk.ts";
import { openRepositoryProcess, type RepositoryProcess } from "../testing/repository-process.ts";
import { dirtyExtents, fillBlock, zeroExtents } from "../testing/test-disk.ts";

const MiB = 1024 * 1024;

describe("a point that is damaged", () => {
  let repository: RepositoryProcess;
  let disk: Buffer;
  let pointId: string;
  beforeAll(async () => {
    repository = await openRepositoryProcess();
    disk = Buffer.alloc(4 * MiB);
    for (let at = 0; at < disk.byteLength; at += 64 * 1024) fillBlock(disk, at, "damage");
    const whole: BenchDisk = { diskId: "d1", disk, mode: "full", extents: { zero: zeroExtents(disk) } };
    ({ pointId } = await benchBackUp(repository, {
      attempt: { taskId: "whole", number: 1, attemptId: "a" },
      disks: [whole],
    }));
    await repository.restart(() => damageChunk(repository.directory, disk.subarray(2 * MiB, 2 * MiB + 4096)));
  });
  afterAll(() => repository[Symbol.asyncDispose]());

  it("is not restored, and the disk and the chunks are named", async () => {
    const restoring = benchRestore(repository, pointId, [{ diskId: "d1", size: disk.byteLength }]);
    await expect(restoring).rejects.toMatchObject({ code: "POINT_HURT", details: { diskId: "d1", chunks: "2" } });
  });

  it("is not restored when the repository gives the disk another root than the manifest", async () => {
    const root = new Uint8Array(32).fill(7);
    const restoring = benchRestore(repository, pointId, [{ diskId: "d1", size: disk.byteLength, root }]);
    await expect(restoring).rejects.toMatchObject({ code: "REPOSITORY_DAMAGED", details: { diskId: "d1" } });
  });

  it("is healed by the next increment when a pack is gone, for the lost chunks are read again", async () => {
    const before = Buffer.from(disk);
    for (let at = 0; at < disk.byteLength; at += 64 * 1024) fillBlock(before, at, "gone");
    const whole: BenchDisk = { diskId: "d1", disk: before, mode: "full", extents: { zero: zeroExtents(before) } };
    const base = await benchBackUp(repository, {
      attempt: { taskId: "base", number: 1, attemptId: "a" },
      disks: [whole],
    });
    await repository.restart(async () => rm(await packOf(repository.directory, before.subarray(0, 4096))));

    const extents = { zero: zeroExtents(before), dirty: dirtyExtents(before, before) };
    const same: BenchDisk = { diskId: "d1", disk: before, mode: "incremental", extents };
    const attempt = { taskId: "healing", number: 1, attemptId: "a" };
    const end = await benchBackUp(repository, { attempt, disks: [same], basePointId: base.pointId, sampleChunks: 1 });
    expect(end.board.snapshot().disks?.[0]).toMatchObject({
      readBytes: BigInt(4 * MiB),
      storedBytes: BigInt(4 * MiB),
      unchangedBytes: 0n,
    });
    for (const point of [end.pointId, base.pointId]) {
      const restored = await benchRestore(repository, point, [{ diskId: "d1", size: disk.byteLength }]);
      expect(restored.get("d1")?.equals(before)).toBe(true);
    }
  });
});
