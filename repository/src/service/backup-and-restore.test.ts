import { describe, expect, it } from "vitest";
import { changed, fullDisk, type SyntheticDisk } from "../testing/synthetic-disk.ts";
import { expectDisk, openReading, readDisk } from "../testing/test-reader.ts";
import { openTestServer, type TestServer, testChunkSize } from "../testing/test-server.ts";
import { TestWriter } from "../testing/test-writer.ts";

const restoreAndCompare = async ({ client }: TestServer, pointId: string, disk: SyntheticDisk): Promise<void> => {
  await using reading = await openReading(client, pointId);
  expectDisk(await readDisk(client, { readingId: reading.readingId, diskId: disk.diskId }), disk);
};

const committedOf = async (work: ReturnType<TestWriter["backup"]>) => {
  const { result } = await work;
  if (result.case !== "committed") throw new Error(`not committed: ${result.case}`);
  return result.value;
};

describe("backups through the service", () => {
  it("stores a disk, restores it, and stores of the next point only what changed", async () => {
    await using server = await openTestServer();
    const writer = new TestWriter(server.client, server.repositoryId);
    const disk = fullDisk("disk", 20, 1, testChunkSize);

    const first = await committedOf(writer.backup({ taskId: "t1", disks: [disk] }));
    expect(first.statistics).toMatchObject({ storedBytes: BigInt(20 * testChunkSize), deduplicatedBytes: 0n });

    const next = changed(disk, { 3: 100, 5: undefined, 7: 1 });
    const second = await committedOf(writer.backup({ taskId: "t2", base: "t1", disks: [next], capturedMs: 3 }));
    expect(second.statistics).toMatchObject({
      plannedBytes: BigInt(20 * testChunkSize),
      zeroBytes: BigInt(testChunkSize),
      unchangedBytes: BigInt(17 * testChunkSize),
      deduplicatedBytes: BigInt(testChunkSize),
      storedBytes: BigInt(testChunkSize),
    });

    await restoreAndCompare(server, "t1", disk);
    await restoreAndCompare(server, "t2", next);
  });

  it("keeps trees of several levels, grown disks and an odd last chunk", async () => {
    await using server = await openTestServer();
    const writer = new TestWriter(server.client, server.repositoryId);
    const small: SyntheticDisk = {
      diskId: "disk",
      sizeBytes: 900 * testChunkSize + 512,
      seeds: new Map([
        [0, 1],
        [900, 2],
      ]),
    };
    const grown: SyntheticDisk = {
      ...small,
      sizeBytes: 3000 * testChunkSize,
      seeds: new Map([
        [0, 1],
        [1500, 3],
        [2999, 4],
      ]),
    };

    await committedOf(writer.backup({ taskId: "t1", disks: [small] }));
    const point = await committedOf(writer.backup({ taskId: "t2", base: "t1", disks: [grown] }));

    expect(point.statistics).toMatchObject({
      unchangedBytes: BigInt(testChunkSize),
      storedBytes: BigInt(2 * testChunkSize),
    });
    await restoreAndCompare(server, "t1", small);
    await restoreAndCompare(server, "t2", grown);
  });

  it("deduplicates between VMs", async () => {
    await using server = await openTestServer();
    const writer = new TestWriter(server.client, server.repositoryId);
    const disk = fullDisk("disk", 8, 1, testChunkSize);
    await committedOf(writer.backup({ taskId: "t1", vmId: "a", disks: [disk] }));

    const clone = await committedOf(writer.backup({ taskId: "t2", vmId: "b", disks: [{ ...disk, diskId: "other" }] }));

    expect(clone.statistics).toMatchObject({ storedBytes: 0n, deduplicatedBytes: BigInt(8 * testChunkSize) });
  });
});
