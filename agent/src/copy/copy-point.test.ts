import { PointHealth } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ProgressBoard } from "../claims/progress-board.ts";
import { type BenchDisk, benchBackUp } from "../testing/backup-bench.ts";
import {
  benchCopy,
  bytesOf,
  expectRestored,
  fullDisk as full,
  halfFilledDisk as makeDisk,
  pointOf,
} from "../testing/copy-bench.ts";
import { damageChunk } from "../testing/damage-chunk.ts";
import { openRepositoryProcess, type RepositoryProcess } from "../testing/repository-process.ts";
import { dirtyExtents, fillBlock, zeroExtents } from "../testing/test-disk.ts";

const MiB = 1024 * 1024;

let tasks = 0;
const attempt = () => ({ taskId: `t${(tasks += 1)}`, number: 1, attemptId: "a" });

describe("copying between repositories that keep chunks alike", () => {
  let from: RepositoryProcess;
  let to: RepositoryProcess;
  beforeAll(async () => {
    [from, to] = await Promise.all([openRepositoryProcess(), openRepositoryProcess()]);
  });
  afterAll(async () => {
    await Promise.all([from[Symbol.asyncDispose](), to[Symbol.asyncDispose]()]);
  });

  /** The same roots are the same content, for a commit looks at everything under them. */
  const expectSame = async (copied: string, pointId: string): Promise<void> => {
    const [copy, source] = [await pointOf(to, copied), await pointOf(from, pointId)];
    expect(copy.manifest.clear.disks).toEqual(source.manifest.clear.disks);
  };

  it("makes a point that says what the source's says, names its origin, holds the same bytes, and serves as base", async () => {
    const [one, two] = [makeDisk("one"), Buffer.alloc(3 * MiB)];
    const disks = [full("d1", one), full("d2", two), { diskId: "d3", disk: one, mode: "skipped" } as BenchDisk];
    const { pointId } = await benchBackUp(from, { attempt: attempt(), disks });
    const copied = attempt();
    expect(await benchCopy({ attempt: copied, pointId, from, to })).toBe(copied.taskId);

    const [source, copy] = [await pointOf(from, pointId), await pointOf(to, copied.taskId)];
    const origin = { repositoryId: from.repositoryId, pointId };
    const { statistics } = copy.manifest.clear;
    expect(copy.manifest.sealed).toEqual(source.manifest.sealed);
    expect(copy.manifest.clear).toEqual({ ...source.manifest.clear, attempt: copied, origin, statistics });
    expect(copy.summary).toMatchObject({ originRepositoryId: from.repositoryId, originPointId: pointId });

    const after = Buffer.from(one);
    fillBlock(after, 0, "changed");
    const extents = { zero: zeroExtents(after), dirty: dirtyExtents(after, one) };
    const next = await benchBackUp(to, {
      attempt: attempt(),
      basePointId: copied.taskId,
      disks: [{ diskId: "d1", disk: after, mode: "incremental", extents }],
      sampleChunks: 0,
    });
    expect(next.remarks).toEqual([]);
    expect(next.board.snapshot().disks?.[0]).toMatchObject({ readBytes: BigInt(MiB) });
    await expectRestored(to, next.pointId, { d1: after });
  });

  it("reads and sends only what the target lacks, and nothing when all is there", async () => {
    // All but one chunk came with the copy of before.
    const disk = makeDisk("one");
    fillBlock(disk, 4 * MiB, "after");
    const { pointId } = await benchBackUp(from, { attempt: attempt(), disks: [full("d1", disk)] });
    const [some, none] = [new ProgressBoard(), new ProgressBoard()];
    const copied = await benchCopy({ attempt: attempt(), pointId, from, to, board: some });
    expect(bytesOf(some)).toEqual({ read: MiB, stored: MiB });
    await benchCopy({ attempt: attempt(), pointId, from, to, board: none });
    expect(bytesOf(none)).toEqual({ read: 0, stored: 0 });
    await expectSame(copied, pointId);
  });

  it("sends only the rest in the attempt after one that was broken off", async () => {
    const disk = makeDisk("broken", 24 * MiB);
    const { pointId } = await benchBackUp(from, { attempt: attempt(), disks: [full("d1", disk)] });
    const stop = new AbortController();
    const first = new ProgressBoard();
    const one = attempt();
    const broken = benchCopy({ attempt: one, pointId, from, to, board: first, signal: stop.signal });
    await Promise.race([broken, untilStored(first)]);
    stop.abort(new Error("the agent is gone"));
    await expect(broken).rejects.toThrow("the agent is gone");

    const second = new ProgressBoard();
    const again = { ...one, number: 2, attemptId: "b" };
    await expectSame(await benchCopy({ attempt: again, pointId, from, to, board: second }), pointId);
    expect(bytesOf(second).read).toBe(bytesOf(second).stored);
    expect(bytesOf(second).stored).toBeLessThan(12 * MiB);
  });

  it("goes on when the target is killed under it", async () => {
    const disk = makeDisk("killed", 24 * MiB);
    const { pointId } = await benchBackUp(from, { attempt: attempt(), disks: [full("d1", disk)] });
    const board = new ProgressBoard();
    const copying = benchCopy({ attempt: attempt(), pointId, from, to, board });
    await Promise.race([copying, untilStored(board)]);
    await to.killAndRestart();
    await expectSame(await copying, pointId);
  });

  it("heals a point that is hurt from its copy", async () => {
    const disk = makeDisk("healed", 3 * MiB);
    const { pointId } = await benchBackUp(from, { attempt: attempt(), disks: [full("d1", disk)] });
    const copied = await benchCopy({ attempt: attempt(), pointId, from, to });
    await from.restart(() => damageChunk(from.directory, disk.subarray(MiB, MiB + 4096)));
    await expect(expectRestored(from, pointId, { d1: disk })).rejects.toMatchObject({ code: "POINT_HURT" });
    const health = async (): Promise<PointHealth> => (await pointOf(from, pointId)).summary.health;
    await vi.waitFor(async () => expect(await health()).toBe(PointHealth.HURT), 10_000);

    await benchCopy({ attempt: attempt(), pointId: copied, from: to, to: from });
    expect(await health()).toBe(PointHealth.GOOD);
  });

  it.each([
    ["root", { root: "07".repeat(32) }],
    ["size", { sizeBytes: 512 }],
  ])("copies no disk that has another %s than the manifest says", async (_, disk) => {
    const { pointId } = await benchBackUp(from, {
      attempt: attempt(),
      disks: [full("d1", makeDisk("other", 2 * MiB))],
    });
    const copying = benchCopy({ attempt: attempt(), pointId, from, to, disk });
    await expect(copying).rejects.toMatchObject({ code: "REPOSITORY_DAMAGED", details: { diskId: "d1" } });
  });

  it("names what the source cannot give, and commits nothing", async () => {
    const disk = makeDisk("hurt");
    const { pointId } = await benchBackUp(from, { attempt: attempt(), disks: [full("d1", disk)] });
    await from.restart(() => damageChunk(from.directory, disk.subarray(4 * MiB, 4 * MiB + 4096)));
    const one = attempt();
    await expect(benchCopy({ attempt: one, pointId, from, to })).rejects.toMatchObject({
      code: "POINT_HURT",
      details: { diskId: "d1", chunks: "4" },
    });
    await expect(pointOf(to, one.taskId)).rejects.toMatchObject({ code: "POINT_NOT_FOUND" });
  });
});

/** Resolves once a copy stored something. */
const untilStored = (board: ProgressBoard): Promise<void> =>
  vi.waitFor(() => expect(bytesOf(board).stored).toBeGreaterThan(0), { timeout: 20_000, interval: 5 });
