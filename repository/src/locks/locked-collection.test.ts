import { systemClock } from "@holdfast/shared/clock/clock";
import { expect, test } from "vitest";
import { openBucketLocation } from "../store/s3/testing/bucket-location.ts";
import { temporaryFolder } from "../store/testing/sample-repository.ts";
import { createSettableClock } from "../testing/settable-clock.ts";
import { fullDisk } from "../testing/synthetic-disk.ts";
import { openTestServer, testChunkSize } from "../testing/test-server.ts";
import { TestWriter } from "../testing/test-writer.ts";

const hourMs = 3_600_000;

test("a collection takes no pack that the storage keeps locked, and is not stopped by a point's object that is", async () => {
  await using folder = await temporaryFolder();
  await using bucket = await openBucketLocation(folder.path, { objectLock: true });
  const s3 = { ...bucket.settings, objectLock: true };
  const settings = { directory: "", store: { s3 }, immutabilityDays: 0.02, undeleteHours: 0 };
  const time = createSettableClock(systemClock.nowMs());
  await using server = await openTestServer(settings, { folder: folder.path, deps: { clock: time.clock } });
  const { client } = server;
  const writer = new TestWriter(client, server.repositoryId);
  await writer.backup({ taskId: "a", disks: [fullDisk("disk", 2, 1, testChunkSize)] });
  // The server's time passes, that of the storage does not.
  await time.pass(hourMs);
  await client.removePoint({ pointId: "a", belowFloor: true, reason: "test" });

  for (const pointsRemoved of [1n, 0n]) {
    const messages = await Array.fromAsync(client.collectGarbage({}));
    const result = messages.at(-1)?.result;
    expect(result).toMatchObject({ pointsRemoved, packsRemoved: 0n, packsCompacted: 0n });
  }
  expect(await Array.fromAsync(client.listPoints({ includeRemoved: true }))).toEqual([]);
  expect((await client.getRepository({})).storedBytes).toBeGreaterThan(2n * 100_000n);
});
