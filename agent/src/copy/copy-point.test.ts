import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ProgressBoard } from "../claims/progress-board.ts";
import { type BenchDisk, benchBackUp, benchRestore } from "../testing/backup-bench.ts";
import { benchCopy, pointOf } from "../testing/copy-bench.ts";
import { damageChunk } from "../testing/damage-chunk.ts";
import { openRepositoryProcess, type RepositoryProcess, type RepositoryWish } from "../testing/repository-process.ts";
import { dirtyExtents, fillBlock, zeroExtents } from "../testing/test-disk.ts";

const MiB = 1024 * 1024;
const KiB = 1024;

const makeDisk = (seed: string, bytes = 12 * MiB + 512): Buffer => {
  const disk = Buffer.alloc(bytes);
  for (let at = 0; at < disk.byteLength; at += 64 * KiB)
    if (Math.floor(at / (2 * MiB)) % 2 === 0) fillBlock(disk, at, seed);
  return disk;
};

let tasks = 0;
const attempt = () => ({ taskId: `t${(tasks += 1)}`, number: 1, attemptId: "a" });
const full = (diskId: string, disk: Buffer): BenchDisk => ({
  diskId,
  disk,
  mode: "full",
  extents: { zero: zeroExtents(disk) },
});
const bytesOf = (board: ProgressBoard) => {
  const disks = board.snapshot().disks ?? [];
  const sum = (of: (disk: (typeof disks)[number]) => bigint | undefined): number =>
    disks.reduce((total, disk) => total + Number(of(disk) ?? 0n), 0);
  return { read: sum(({ readBytes }) => readBytes), stored: sum(({ storedBytes }) => storedBytes) };
};
const expectRestored = async (repository: RepositoryProcess, pointId: string, disks: Record<string, Buffer>) => {
  const sizes = Object.entries(disks).map(([diskId, { byteLength: size }]) => ({ diskId, size }));
  const restored = await benchRestore(repository, pointId, sizes);
  for (const [diskId, disk] of Object.entries(disks)) expect(restored.get(diskId)?.equals(disk), diskId).toBe(true);
};

describe("copying between repositories that keep chunks alike", () => {
  let from: RepositoryProcess;
  let to: RepositoryProcess;
  beforeAll(async () => {
    [from, to] = await Promise.all([openRepositoryProcess(), openRepositoryProcess()]);
  });
  afterAll(async () => {
    await Promise.all([from[Symbol.asyncDispose](), to[Symbol.asyncDispose]()]);
  });

  it("makes a point that says what the source's says, names its origin, is restored alike, and serves as base", async () => {
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
    await expectRestored(to, copied.taskId, { d1: one, d2: two });

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
    const before = makeDisk("before");
    const { pointId: base } = await benchBackUp(from, { attempt: attempt(), disks: [full("d1", before)] });
    await benchCopy({ attempt: attempt(), pointId: base, from, to });
    const after = Buffer.from(before);
    fillBlock(after, 4 * MiB, "after");
    const { pointId } = await benchBackUp(from, { attempt: attempt(), disks: [full("d1", after)] });

    const [some, none] = [new ProgressBoard(), new ProgressBoard()];
    const copied = await benchCopy({ attempt: attempt(), pointId, from, to, board: some });
    expect(bytesOf(some)).toEqual({ read: MiB, stored: MiB });
    await benchCopy({ attempt: attempt(), pointId, from, to, board: none });
    expect(bytesOf(none)).toEqual({ read: 0, stored: 0 });
    await expectRestored(to, copied, { d1: after });
  });

  it("sends only the rest in the attempt after one that was broken off", async () => {
    const disk = makeDisk("broken", 32 * MiB);
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
    await expectRestored(to, await benchCopy({ attempt: again, pointId, from, to, board: second }), { d1: disk });
    expect(bytesOf(second).read).toBe(bytesOf(second).stored);
    expect(bytesOf(second).stored).toBeLessThan(16 * MiB);
  });

  it("goes on when the target is killed under it", async () => {
    const disk = makeDisk("killed", 32 * MiB);
    const { pointId } = await benchBackUp(from, { attempt: attempt(), disks: [full("d1", disk)] });
    const board = new ProgressBoard();
    const copying = benchCopy({ attempt: attempt(), pointId, from, to, board });
    await Promise.race([copying, untilStored(board)]);
    await to.killAndRestart();
    await expectRestored(to, await copying, { d1: disk });
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

describe("copying between repositories that keep chunks differently", () => {
  it.each<[string, RepositoryWish, RepositoryWish]>([
    ["that has smaller chunks and is encrypted", {}, { chunkSize: 256 * KiB, isEncrypted: true }],
    ["with larger chunks from one that is encrypted", { isEncrypted: true }, { chunkSize: 4096 * KiB }],
  ])("to one %s, content and names come over", async (_, source, target) => {
    const open = (wish: RepositoryWish) => openRepositoryProcess(undefined, wish);
    const [from, to] = await Promise.all([open(source), open(target)]);
    await using _from = from;
    await using _to = to;
    const disk = makeDisk("one", 9 * MiB + 512);
    const { pointId } = await benchBackUp(from, { attempt: attempt(), disks: [full("d1", disk)] });
    const copied = await benchCopy({ attempt: attempt(), pointId, from, to });
    await expectRestored(to, copied, { d1: disk });
    const { manifest } = await pointOf(to, copied);
    expect(manifest.sealed).toEqual((await pointOf(from, pointId)).manifest.sealed);

    const again = new ProgressBoard();
    await benchCopy({ attempt: attempt(), pointId, from, to, board: again });
    expect(bytesOf(again).stored).toBe(0);
  });
});

/** Resolves once a copy stored something. */
const untilStored = (board: ProgressBoard): Promise<void> =>
  vi.waitFor(() => expect(bytesOf(board).stored).toBeGreaterThan(0), { timeout: 20_000, interval: 5 });
