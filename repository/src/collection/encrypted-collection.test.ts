import { RecordKind } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { idAt } from "@holdfast/shared/format/content-id";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type EncryptedServer, openEncryptedServer } from "../testing/encrypted-server.ts";
import { changed, chunkIdsOf, fullDisk, seededBytes, type SyntheticDisk } from "../testing/synthetic-disk.ts";
import { expectDisk, openReading, readDisk } from "../testing/test-reader.ts";
import { testChunkSize } from "../testing/test-server.ts";

const disk = fullDisk("disk", 8, 1, testChunkSize);

describe("a collection of an encrypted repository", () => {
  let held: EncryptedServer;
  beforeEach(async () => {
    held = await openEncryptedServer(undefined, { undeleteHours: 0, packTargetBytes: 512 * 1024 });
  });
  afterEach(() => held[Symbol.asyncDispose]());

  const collect = async () => {
    let packsCompacted = 0n;
    for await (const { result } of held.server.client.collectGarbage({ dryRun: false }))
      packsCompacted = result?.packsCompacted ?? packsCompacted;
    return packsCompacted;
  };
  const remove = (pointId: string) => held.server.client.removePoint({ pointId, belowFloor: true, reason: "test" });
  const restore = async (pointId: string, expected: SyntheticDisk): Promise<void> => {
    await using reading = await openReading(held.server.client, pointId);
    const range = { readingId: reading.readingId, diskId: "disk", keys: held.keys.opening };
    expectDisk(await readDisk(held.server.client, range), expected);
  };

  it("needs no key: sealed records are copied as they are, and every point is restored", async () => {
    await held.writer.backup({ taskId: "a", disks: [disk] });
    const half = changed(disk, { 0: 200, 2: 201, 4: 202, 6: 203 });
    await held.writer.backup({ taskId: "b", base: "a", disks: [half] });
    await remove("a");
    expect(await collect()).toBeGreaterThan(0n);
    await restore("b", half);
    const next = changed(half, { 1: 300 });
    await held.writer.backup({ taskId: "c", base: "b", disks: [next] });
    await restore("c", next);
  });

  it("leaves nobody's word behind: what is stored anew under a former id is compared anew", async () => {
    const { writer, keys, server } = held;
    await writer.backup({ taskId: "a", disks: [disk] });
    await remove("a");
    await collect();
    const id = idAt(chunkIdsOf(disk, testChunkSize, keys.sealing.idKey), 0);
    await using evil = await writer.open({ taskId: "evil", vmId: "evil", disks: [] });
    await writer.put(evil.opened.uploadId, [writer.record("chunk", id, seededBytes(666, testChunkSize))]);
    await using upload = await writer.open({ taskId: "b", disks: [] });
    const question = { uploadId: upload.opened.uploadId, kind: RecordKind.CHUNK, ids: id };
    const { missing, unchecked } = await server.client.findMissing(question);
    expect([...missing, ...unchecked]).toEqual([0, 1]);
  });
});
