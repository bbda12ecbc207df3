import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BenchDisk, type BenchEnd, benchBackUp, benchRestore } from "../testing/backup-bench.ts";
import { openRepositoryProcess, type RepositoryProcess } from "../testing/repository-process.ts";
import { dirtyExtents, fillBlock, zeroExtents } from "../testing/test-disk.ts";

const MiB = 1024 * 1024;
const chunk = MiB;
const block = 64 * 1024;

describe("backing up and restoring", () => {
  let repository: RepositoryProcess;
  let tasks = 0;
  beforeAll(async () => {
    repository = await openRepositoryProcess();
  });
  afterAll(() => repository[Symbol.asyncDispose]());

  const attempt = (number = 1) => ({ taskId: `task${(tasks += 1)}`, number, attemptId: `attempt${tasks}` });
  /** 12 MiB and 512 bytes over, of which about half is data. */
  const makeDisk = (seed: string): Buffer => {
    const disk = Buffer.alloc(12 * MiB + 512);
    for (let at = 0; at < disk.byteLength; at += block)
      if (Math.floor(at / (2 * MiB)) % 2 === 0) fillBlock(disk, at, seed);
    return disk;
  };
  const full = (diskId: string, disk: Buffer): BenchDisk => ({
    diskId,
    disk,
    mode: "full",
    extents: { zero: zeroExtents(disk) },
  });
  const increment = (diskId: string, disk: Buffer, before: Buffer): BenchDisk => ({
    diskId,
    disk,
    mode: "incremental",
    extents: { zero: zeroExtents(disk), dirty: dirtyExtents(disk, before) },
  });
  const bytesOf = (end: { readonly board: { snapshot(): { disks?: readonly object[] } } }, disk = 0) =>
    end.board.snapshot().disks?.[disk] as Record<string, bigint | string>;
  const expectRestored = async (pointId: string, disks: Readonly<Record<string, Buffer>>): Promise<void> => {
    const restored = await benchRestore(
      repository,
      pointId,
      Object.entries(disks).map(([diskId, { byteLength: size }]) => ({ diskId, size })),
    );
    for (const [diskId, disk] of Object.entries(disks)) expect(restored.get(diskId)?.equals(disk), diskId).toBe(true);
  };

  it("brings several disks there and back: zeros neither read nor written, a skipped disk left out of the account", async () => {
    const [one, two] = [makeDisk("one"), Buffer.alloc(3 * MiB)];
    const end = await benchBackUp(repository, {
      attempt: attempt(),
      disks: [full("d1", one), full("d2", two), { diskId: "d3", disk: one, mode: "skipped" }],
      codec: "lz4",
    });
    expect(end.remarks).toEqual([]);
    expect(end.closed).toEqual([true, true]);
    expect([end.served.get("d2"), end.served.get("d3")]).toEqual([0, 0]);
    const counted = bytesOf(end);
    expect(counted["plannedBytes"]).toBe(BigInt(13 * chunk));
    expect(counted["route"]).toBe("direct");
    await expectRestored(end.pointId, { d1: one, d2: two });
  });

  it("reads only the chunks that changed and the sample, and records changed-to-zero as zero (R4)", async () => {
    const before = makeDisk("increment");
    const base = await benchBackUp(repository, { attempt: attempt(), disks: [full("d1", before)] });
    const disk = Buffer.from(before);
    fillBlock(disk, 5 * MiB + block, "new");
    fillBlock(disk, 12 * MiB, "tail");
    disk.fill(0, 8 * MiB, 9 * MiB);
    const end = await benchBackUp(repository, {
      attempt: attempt(),
      disks: [increment("d1", disk, before)],
      basePointId: base.pointId,
      sampleChunks: 3,
    });
    expect(end.remarks).toEqual([]);
    const counted = bytesOf(end);
    expect(counted).toMatchObject({
      mode: "incremental",
      changedBytes: BigInt(3 * chunk),
      readBytes: BigInt(2 * chunk),
      sampledBytes: BigInt(3 * chunk),
      storedBytes: BigInt(2 * chunk),
    });
    expect(end.served.get("d1")).toBe(chunk + 512 + 3 * chunk);
    await expectRestored(end.pointId, { d1: disk });
    await expectRestored(base.pointId, { d1: before });
  });

  it("calls a disk unchanged of which the engine tells no change, and reads its sample all the same", async () => {
    const before = makeDisk("idle");
    const base = await benchBackUp(repository, { attempt: attempt(), disks: [full("d1", before)] });
    const idle = { attempt: attempt(), disks: [increment("d1", before, before)], basePointId: base.pointId };
    const end = await benchBackUp(repository, { ...idle, sampleChunks: 2 });
    expect(bytesOf(end)).toMatchObject({ mode: "unchanged", changedBytes: 0n, readBytes: 0n, storedBytes: 0n });
    expect(bytesOf(end)["sampledBytes"]).toBe(BigInt(2 * chunk));
    await expectRestored(end.pointId, { d1: before });
  });

  it("turns to a comparison when an unchanged chunk had changed, and loses nothing", async () => {
    const before = makeDisk("lie");
    const base = await benchBackUp(repository, { attempt: attempt(), disks: [full("d1", before)] });
    const disk = Buffer.from(before);
    for (let at = 0; at < disk.byteLength; at += MiB) fillBlock(disk, at, "hidden");
    const lying: BenchDisk = {
      ...increment("d1", disk, disk),
      extents: { zero: zeroExtents(disk), dirty: dirtyExtents(disk, disk) },
    };
    const end = await benchBackUp(repository, { attempt: attempt(), disks: [lying], basePointId: base.pointId });
    expect(end.remarks.map(({ code }) => code)).toEqual(["TRACKING_LIED"]);
    expect(bytesOf(end)["mode"]).toBe("compare");
    await expectRestored(end.pointId, { d1: disk });
  });

  it("reads everything in an active full, stores nothing twice, and says nothing when tracking told the truth", async () => {
    const before = makeDisk("active");
    const base = await benchBackUp(repository, { attempt: attempt(), disks: [full("d1", before)] });
    const disk = Buffer.from(before);
    fillBlock(disk, 5 * MiB + block, "new");
    const whole: BenchDisk = { ...increment("d1", disk, before), mode: "full", checksTracking: true };
    const end = await benchBackUp(repository, { attempt: attempt(), disks: [whole], basePointId: base.pointId });
    expect(end.remarks).toEqual([]);
    expect(bytesOf(end)).toMatchObject({ mode: "full", changedBytes: BigInt(chunk), storedBytes: BigInt(chunk) });
    expect(end.served.get("d1")).toBe(Number(bytesOf(end)["readBytes"]) - chunk + 512);
    await expectRestored(end.pointId, { d1: disk });
  });

  it("names the ranges that tracking missed when all is read, and relies on no checkpoint of the point", async () => {
    const before = makeDisk("missed");
    const base = await benchBackUp(repository, { attempt: attempt(), disks: [full("d1", before)] });
    const disk = Buffer.from(before);
    fillBlock(disk, 5 * MiB + block, "told");
    const told = dirtyExtents(disk, before);
    fillBlock(disk, 8 * MiB, "hidden");
    disk.fill(0, 9 * MiB, 10 * MiB);
    const whole: BenchDisk = {
      diskId: "d1",
      disk,
      mode: "full",
      checksTracking: true,
      extents: { zero: zeroExtents(disk), dirty: told },
    };
    const end = await benchBackUp(repository, { attempt: attempt(), disks: [whole], basePointId: base.pointId });
    expect(end.remarks).toMatchObject([{ code: "TRACKING_MISSED_CHANGES", diskId: "d1" }]);
    expect(end.remarks[0]?.message).toContain(`(2 chunks, bytes ${8 * MiB}-${10 * MiB - 1})`);
    expect(bytesOf(end)).toMatchObject({ mode: "full", reason: "tracking-missed" });
    await expectRestored(end.pointId, { d1: disk });
  });

  it("compares in full when the host tells no changes, and stores nothing twice", async () => {
    const before = makeDisk("compare");
    const base = await benchBackUp(repository, { attempt: attempt(), disks: [full("d1", before)] });
    const blind: BenchDisk = {
      diskId: "d1",
      disk: before,
      mode: "incremental",
      extents: { zero: zeroExtents(before) },
    };
    const end = await benchBackUp(repository, { attempt: attempt(), disks: [blind], basePointId: base.pointId });
    expect(end.remarks.map(({ code }) => code)).toEqual(["TRACKING_UNAVAILABLE"]);
    expect(bytesOf(end)).toMatchObject({ mode: "compare", storedBytes: 0n, deduplicatedBytes: 0n });
    await expectRestored(end.pointId, { d1: before });
  });

  it("follows a disk that grew in the middle of a chunk: its bitmap's new part, which starts clean, is not believed", async () => {
    const before = makeDisk("grow");
    const base = await benchBackUp(repository, { attempt: attempt(), disks: [full("d1", before)] });
    const disk = Buffer.concat([before, Buffer.alloc(4 * MiB)]);
    fillBlock(disk, 12 * MiB + block, "grown");
    fillBlock(disk, 15 * MiB, "grown");
    const end = await benchBackUp(repository, {
      attempt: attempt(),
      disks: [increment("d1", disk, disk)],
      basePointId: base.pointId,
    });
    expect(bytesOf(end)["mode"]).toBe("incremental");
    await expectRestored(end.pointId, { d1: disk });
  });

  it("reads nothing of a disk that is unchanged, and goes on without a base that is gone", async () => {
    const disk = makeDisk("same");
    const base = await benchBackUp(repository, { attempt: attempt(), disks: [full("d1", disk)] });
    const left = await benchBackUp(repository, {
      attempt: attempt(),
      disks: [{ ...increment("d1", disk, disk), mode: "unchanged" }],
      basePointId: base.pointId,
    });
    expect(left.served.get("d1")).toBe(0);
    await expectRestored(left.pointId, { d1: disk });

    const lost = await benchBackUp(repository, {
      attempt: attempt(),
      disks: [increment("d1", disk, disk)],
      basePointId: "nosuchpoint",
    });
    expect(new Set(lost.remarks.map(({ code }) => code))).toEqual(new Set(["BASE_UNUSABLE"]));
    expect(bytesOf(lost)).toMatchObject({ mode: "full", storedBytes: 0n });
    await expectRestored(lost.pointId, { d1: disk });
  });

  it("answers the same point when the same attempt is done again", async () => {
    const again = { attempt: attempt(), disks: [full("d1", makeDisk("again"))] };
    const first = await benchBackUp(repository, again);
    const second = await benchBackUp(repository, again);
    expect(second.pointId).toBe(first.pointId);
    expect(second.served.get("d1")).toBe(0);
  });

  it("is refused when a later attempt was opened (R5)", async () => {
    const { taskId } = attempt();
    const disks = [full("d1", makeDisk("fenced"))];
    const refused = disks.map((disk): BenchDisk => ({ ...disk, misbehave: () => ({ kind: "status", status: 403 }) }));
    const later = benchBackUp(repository, { attempt: { taskId, number: 2, attemptId: "later" }, disks: refused });
    await expect(later).rejects.toMatchObject({ code: "TICKET_REFUSED" });
    const early = benchBackUp(repository, { attempt: { taskId, number: 1, attemptId: "early" }, disks });
    await expect(early).rejects.toMatchObject({ code: "ATTEMPT_FENCED" });
  });

  it("ends with its fence when a later attempt opens in the middle (R5)", async () => {
    const { taskId } = attempt();
    const disk = makeDisk("overtaken");
    let later: Promise<BenchEnd> | undefined;
    const misbehave = ({ method, path }: { readonly method: string; readonly path: string }): undefined => {
      if (method !== "GET" || path.includes("extents")) return;
      later ??= benchBackUp(repository, {
        attempt: { taskId, number: 2, attemptId: "later" },
        disks: [full("d1", disk)],
      });
    };
    const early = benchBackUp(repository, {
      attempt: { taskId, number: 1, attemptId: "early" },
      disks: [{ ...full("d1", disk), misbehave }],
    });
    await expect(early).rejects.toMatchObject({ code: "ATTEMPT_FENCED" });
    await expectRestored((await later)?.pointId ?? "", { d1: disk });
  });

  it("goes on with the same attempt when the repository is killed in the middle", async () => {
    const disk = makeDisk("killed");
    let reads = 0;
    let restarted: Promise<void> | undefined;
    const misbehave = ({ method, path }: { readonly method: string; readonly path: string }): undefined => {
      if (method === "GET" && !path.includes("extents")) reads += 1;
      if (reads === 3) restarted ??= repository.killAndRestart();
    };
    const end = await benchBackUp(repository, { attempt: attempt(), disks: [{ ...full("d1", disk), misbehave }] });
    await restarted;
    expect(restarted).toBeDefined();
    await expectRestored(end.pointId, { d1: disk });
  });

  it("lets everything go when it is ended", async () => {
    const stop = new AbortController();
    const reason = new Error("ended");
    const misbehave = (): undefined => {
      stop.abort(reason);
    };
    const ended = benchBackUp(repository, {
      attempt: attempt(),
      disks: [{ ...full("d1", makeDisk("ended")), misbehave }],
      signal: stop.signal,
    });
    await expect(ended).rejects.toBe(reason);
  });
});
