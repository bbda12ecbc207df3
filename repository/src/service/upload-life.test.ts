import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createFakeClock } from "@holdfast/shared/clock/fake-clock";
import { chunkIdOf } from "@holdfast/shared/format/chunk-id";
import { describe, expect, it } from "vitest";
import { fullDisk, seededBytes } from "../testing/synthetic-disk.ts";
import { expectDisk, grantQueue, openReading, readDisk } from "../testing/test-reader.ts";
import { connect } from "../testing/test-callers.ts";
import { openTestServer, testChunkSize } from "../testing/test-server.ts";
import type { TestBackup } from "../testing/test-backup.ts";
import { TestWriter } from "../testing/test-writer.ts";

const disk = fullDisk("disk", 6, 1, testChunkSize);
const backup: TestBackup = { taskId: "t", disks: [disk] };
const minute = 60_000;

describe("the life of uploads and readings", () => {
  it("ends an upload after 15 minutes of silence, not of work", async () => {
    const clock = createFakeClock();
    await using server = await openTestServer({}, { deps: { clock } });
    const writer = new TestWriter(server.client, server.repositoryId);
    await using upload = await writer.open(backup);
    await using reading = await openReading(server.client, (await committedPoint(server)).pointId);

    await clock.advance(14 * minute);
    await writer.missing(upload.opened.uploadId, "chunk", new Uint8Array(32));
    await clock.advance(14 * minute);
    await writer.missing(upload.opened.uploadId, "chunk", new Uint8Array(32));
    await clock.advance(15 * minute);

    await expect(upload.ended).rejects.toMatchObject({ code: "TIMEOUT" });
    await expect(reading.ended).rejects.toMatchObject({ code: "TIMEOUT" });
    await expect(writer.missing(upload.opened.uploadId, "chunk", new Uint8Array(32))).rejects.toMatchObject({
      code: "TIMEOUT",
    });
  });

  it("ends an upload with its stream, keeps what it stored, and the next one sends the rest", async () => {
    await using server = await openTestServer();
    const writer = new TestWriter(server.client, server.repositoryId);
    const plain = seededBytes(1, testChunkSize);
    const id = chunkIdOf(plain, testChunkSize);
    let uploadId = "";
    {
      await using upload = await writer.open(backup);
      ({ uploadId } = upload.opened);
      await writer.put(uploadId, [writer.record("chunk", id, plain)]);
    }

    await expect.poll(async () => (await server.client.getRepository({})).uploads).toBe(0);
    await expect(writer.missing(uploadId, "chunk", id)).rejects.toMatchObject({ code: "UPLOAD_UNKNOWN" });
    const { result } = await writer.backup(backup);
    expect(result.value).toMatchObject({
      statistics: { storedBytes: BigInt(5 * testChunkSize), deduplicatedBytes: BigInt(testChunkSize) },
    });
  });

  it("commits although the caller went away before the answer, and answers the repeat with the same point", async () => {
    await using server = await openTestServer();
    const writer = new TestWriter(server.client, server.repositoryId);
    await using upload = await writer.open(backup);
    const manifest = await writer.send(upload.opened.uploadId, backup, upload.opened);
    {
      await using lost = connect(server.server.address);
      const committing = new TestWriter(lost.client, server.repositoryId).commit(
        upload.opened.uploadId,
        backup,
        manifest,
      );
      committing.catch(() => undefined);
      await expect.poll(async () => (await server.client.getRepository({})).points).toBe(1);
    }

    const { result } = await writer.commit(upload.opened.uploadId, backup, manifest);

    expect(result).toMatchObject({ case: "committed", value: { pointId: "t", attemptNumber: 1 } });
  });

  it("lets two uploads use a chunk that lies in a pack which is not durable yet", async () => {
    await using server = await openTestServer();
    const writer = new TestWriter(server.client, server.repositoryId);
    const other: TestBackup = { taskId: "u", vmId: "other", disks: [{ ...disk, diskId: "clone" }] };
    await using first = await writer.open(backup);
    await using second = await writer.open(other);

    const firstManifest = await writer.send(first.opened.uploadId, backup, first.opened);
    const secondManifest = await writer.send(second.opened.uploadId, other, second.opened);
    expect(await packsOf(server.directory)).toEqual([]);
    const committed = await writer.commit(second.opened.uploadId, other, secondManifest);
    await writer.commit(first.opened.uploadId, backup, firstManifest);

    expect(committed.result.value).toMatchObject({
      statistics: { storedBytes: 0n, deduplicatedBytes: BigInt(6 * testChunkSize) },
    });
    for (const [pointId, diskId] of [
      ["t", "disk"],
      ["u", "clone"],
    ] as const) {
      await using reading = await openReading(server.client, pointId);
      expectDisk(await readDisk(server.client, { readingId: reading.readingId, diskId }), disk);
    }
  });

  it("refuses uploads below the low-water mark, says why, and still restores", async () => {
    await using server = await openTestServer();
    const writer = new TestWriter(server.client, server.repositoryId);
    await writer.backup(backup);
    await using full = await openTestServer(
      { create: false, lowWaterBytes: Number.MAX_SAFE_INTEGER },
      { folder: await moved(server) },
    );
    const late = new TestWriter(full.client, full.repositoryId);

    await expect(late.open({ taskId: "u", disks: [disk] })).rejects.toMatchObject({ code: "REPOSITORY_FULL" });

    expect((await full.client.getRepository({})).refusesUploads).toContain("low-water");
    await using reading = await openReading(full.client, "t");
    expectDisk(await readDisk(full.client, { readingId: reading.readingId, diskId: "disk" }), disk);
  });
});

describe("slow peers", () => {
  it("grants 16 streams at once and tells the others their place", async () => {
    await using server = await openTestServer();
    const writer = new TestWriter(server.client, server.repositoryId);
    await using upload = await writer.open(backup);
    const { uploadId } = upload.opened;
    await using crowd = await openStreams(server.server.address, uploadId, 18);
    await expect.poll(() => crowd.places.toSorted((a, b) => a - b)).toEqual([1, 2]);
    await expect.poll(() => crowd.granted).toBe(16);

    crowd.leaveOne();

    await expect.poll(() => crowd.granted).toBe(17);
  });

  it("sends a reader no more than it granted, and reads ahead no more than its bounds", async () => {
    await using server = await openTestServer();
    const writer = new TestWriter(server.client, server.repositoryId);
    const large = fullDisk("disk", 60, 1, testChunkSize);
    await writer.backup({ taskId: "t", disks: [large] });
    await using reading = await openReading(server.client, "t");
    const grants = grantQueue();
    grants.add(300_000);
    let received = 0;
    const stop = new AbortController();
    const start = { readingId: reading.readingId, diskId: "disk", firstPosition: 0, count: 60 };
    const draining = (async () => {
      for await (const { event } of server.client.readDisk(grants.requests(start), { signal: stop.signal })) {
        if (event.case === "piece") received += event.value.data.byteLength;
      }
    })();

    await expect.poll(() => received).toBeGreaterThan(100_000);
    await server.client.getRepository({});
    expect(received).toBeLessThanOrEqual(300_000);
    grants.end();
    await expect(draining).rejects.toMatchObject({ code: "STREAM_REFUSED" });
    stop.abort();
  });
});

const committedPoint = async (server: Awaited<ReturnType<typeof openTestServer>>) => {
  const { result } = await new TestWriter(server.client, server.repositoryId).backup({
    taskId: "point",
    vmId: "p",
    disks: [disk],
  });
  if (result.case !== "committed") throw new Error("not committed");
  return result.value;
};

const packsOf = async (directory: string): Promise<string[]> => {
  const entries = await readdir(join(directory, "packs"), { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
};

/** Stops a server so that another may open its folder. */
const moved = async (server: Awaited<ReturnType<typeof openTestServer>>): Promise<string> => {
  await server.server[Symbol.asyncDispose]();
  return server.folder;
};

/** Opens streams that send nothing, each on a connection of its own kind of patience. */
const openStreams = async (address: string, uploadId: string, count: number) => {
  const connection = connect(address);
  const leavers: (() => void)[] = [];
  const placeOf = new Map<number, number>();
  const granted = new Set<number>();
  const running = Array.from({ length: count }, async (_, index) => {
    const stop = new AbortController();
    const { promise: left, resolve } = Promise.withResolvers<void>();
    leavers.push(() => {
      stop.abort();
      resolve();
    });
    const requests = (async function* () {
      yield { part: { case: "uploadId" as const, value: uploadId } };
      await left;
    })();
    try {
      for await (const { event } of connection.client.putRecords(requests, { signal: stop.signal })) {
        if (event.case === "queuePlace") placeOf.set(index, event.value);
        if (event.case !== "grantBytes") continue;
        granted.add(index);
        placeOf.delete(index);
      }
    } catch {
      // Left on purpose.
    }
  });
  return {
    get places(): number[] {
      return [...placeOf.values()];
    },
    get granted(): number {
      return granted.size;
    },
    leaveOne: (): void => {
      const [first] = granted;
      leavers[first ?? 0]?.();
    },
    [Symbol.asyncDispose]: async () => {
      for (const leave of leavers) leave();
      await Promise.all(running);
      await connection[Symbol.asyncDispose]();
    },
  };
};
