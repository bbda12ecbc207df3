import { randomBytes } from "node:crypto";
import { encodePage } from "@holdfast/shared/format/page";
import { chunkIdOf } from "@holdfast/shared/format/chunk-id";
import { describe, expect, it } from "vitest";
import { fullDisk, seededBytes } from "../testing/synthetic-disk.ts";
import { openTestServer, testChunkSize } from "../testing/test-server.ts";
import type { TestBackup } from "../testing/test-backup.ts";
import { TestWriter } from "../testing/test-writer.ts";

const backup: TestBackup = { taskId: "t", disks: [fullDisk("disk", 4, 1, testChunkSize)] };
const plain = seededBytes(9, testChunkSize);
const id = chunkIdOf(plain, testChunkSize);

const openWriter = async () => {
  const server = await openTestServer();
  const writer = new TestWriter(server.client, server.repositoryId);
  const upload = await writer.open(backup);
  return {
    server,
    writer,
    upload,
    uploadId: upload.opened.uploadId,
    [Symbol.asyncDispose]: async () => {
      await upload[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
};

describe("hostile writers", () => {
  it.each<[string, (record: Uint8Array) => Uint8Array]>([
    ["stored bytes that do not match their checksum", (record) => flipped(record, record.byteLength - 1)],
    ["a header that does not match its checksum", (record) => flipped(record, 13)],
    ["a record that is longer than announced", (record) => Buffer.concat([record, Buffer.alloc(1)])],
    ["a record that is shorter than announced", (record) => record.subarray(0, -1)],
    ["a record that ends within its header", (record) => record.subarray(0, 100)],
  ])("rejects %s, and the upload lives on", async (_, spoil) => {
    await using held = await openWriter();
    const record = held.writer.record("chunk", id, plain);

    await expect(held.writer.put(held.uploadId, [spoil(record)])).rejects.toMatchObject({ code: "RECORD_REJECTED" });

    expect(await held.writer.missing(held.uploadId, "chunk", id)).toEqual([true]);
    expect(await held.writer.put(held.uploadId, [record])).toMatchObject({ stored: 1, known: 0 });
  });

  it("rejects content that is not what its id says, so no other VM can be poisoned", async () => {
    await using held = await openWriter();
    const lie = held.writer.record("chunk", id, seededBytes(10, testChunkSize));

    await expect(held.writer.put(held.uploadId, [lie])).rejects.toMatchObject({ code: "RECORD_REJECTED" });

    expect(await held.writer.missing(held.uploadId, "chunk", id)).toEqual([true]);
  });

  it("rejects records of another repository and chunks larger than a chunk", async () => {
    await using held = await openWriter();
    const stranger = new TestWriter(held.server.client, "00000000-0000-4000-8000-000000000000");
    const large = randomBytes(2 * testChunkSize);

    await expect(held.writer.put(held.uploadId, [stranger.record("chunk", id, plain)])).rejects.toMatchObject({
      code: "REPOSITORY_MISMATCH",
    });
    await expect(held.writer.put(held.uploadId, [held.writer.record("chunk", id, large)])).rejects.toMatchObject({
      code: "RECORD_REJECTED",
    });
  });

  it("refuses a page that names a chunk which the repository has not got", async () => {
    await using held = await openWriter();
    const page = encodePage({ level: 0, ids: id });

    await expect(
      held.writer.put(held.uploadId, [held.writer.record("page", page.id, page.bytes)]),
    ).rejects.toMatchObject({
      code: "CHUNK_MISSING",
    });

    await held.writer.put(held.uploadId, [held.writer.record("chunk", id, plain)]);
    expect(await held.writer.put(held.uploadId, [held.writer.record("page", page.id, page.bytes)])).toMatchObject({
      stored: 1,
    });
  });

  it("takes a page on the same stream right behind its chunks", async () => {
    await using held = await openWriter();
    const page = encodePage({ level: 0, ids: id });
    held.writer.pieceBytes = 1000;

    const records = [held.writer.record("chunk", id, plain), held.writer.record("page", page.id, page.bytes)];

    expect(await held.writer.put(held.uploadId, records)).toMatchObject({ stored: 2, known: 0 });
    expect(await held.writer.put(held.uploadId, records)).toMatchObject({ stored: 0, known: 2 });
  });

  it("refuses more bytes than were granted", async () => {
    await using held = await openWriter();
    const { uploadId } = held;
    const stream = held.server.client.putRecords(
      (async function* () {
        yield { part: { case: "uploadId" as const, value: uploadId } };
        for (;;) yield { part: { case: "piece" as const, value: { data: new Uint8Array(200_000), last: false } } };
      })(),
    );
    const drain = async (): Promise<void> => {
      for await (const _ of stream);
    };

    await expect(drain()).rejects.toMatchObject({ code: expect.stringMatching(/STREAM_REFUSED|RECORD_REJECTED/) });
  });

  it("refuses unknown uploads, odd and too many ids, and malformed attempts", async () => {
    await using held = await openWriter();
    const { writer, uploadId, server } = held;

    await expect(writer.missing("nothing", "chunk", id)).rejects.toMatchObject({ code: "UPLOAD_UNKNOWN" });
    await expect(writer.put("nothing", [])).rejects.toMatchObject({ code: "UPLOAD_UNKNOWN" });
    await expect(writer.missing(uploadId, "chunk", new Uint8Array(33))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    await expect(writer.missing(uploadId, "chunk", new Uint8Array(4097 * 32))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    await expect(writer.open({ ...backup, taskId: "../../etc" })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(writer.open({ ...backup, number: 0 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(server.client.fence({})).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(new TestWriter(server.client, "other").open(backup)).rejects.toMatchObject({
      code: "REPOSITORY_MISMATCH",
    });
    await expect(writer.open({ ...backup, base: "nothing" })).rejects.toMatchObject({ code: "POINT_NOT_FOUND" });
  });

  it("commits nothing whose bytes do not balance, whose tree is not whole, or whose manifest is of another upload", async () => {
    await using held = await openWriter();
    const { writer, uploadId, upload } = held;
    const manifest = await writer.send(uploadId, backup, upload.opened);
    const { root } = await writer.sendDisk(uploadId, backup.disks[0]!);
    const disk = {
      diskId: "disk",
      root: Buffer.from(root).toString("hex"),
      mode: "full" as const,
      reason: "no-base",
      format: "cow",
      interface: "virtio",
      bootable: true,
      active: true,
      granularityBytes: null,
    };
    const bytes = (planned: number, stored: number) => ({
      plannedBytes: planned * testChunkSize,
      zeroBytes: 0,
      unchangedBytes: 0,
      deduplicatedBytes: (planned - stored) * testChunkSize,
      storedBytes: stored * testChunkSize,
      changedBytes: 0,
      readBytes: 0,
      sampledBytes: 0,
      packedBytes: 0,
    });
    const unbalanced = writer.manifest(backup, {
      disks: [{ ...disk, sizeBytes: 4 * testChunkSize }],
      statistics: bytes(4, 3),
    });
    const uncovered = writer.manifest(backup, {
      disks: [{ ...disk, sizeBytes: 5 * testChunkSize }],
      statistics: bytes(5, 4),
    });
    const absent = writer.manifest(backup, {
      disks: [{ ...disk, sizeBytes: 4 * testChunkSize, root: "ab".repeat(32) }],
      statistics: bytes(4, 4),
    });
    const foreign = writer.manifest({ ...backup, vmId: "other" }, { disks: [], statistics: bytes(0, 0) });

    await expect(writer.commit(uploadId, backup, unbalanced)).rejects.toMatchObject({ code: "BYTES_UNBALANCED" });
    await expect(writer.commit(uploadId, backup, uncovered)).rejects.toMatchObject({ code: "CHUNK_DAMAGED" });
    await expect(writer.commit(uploadId, backup, absent)).rejects.toMatchObject({ code: "CHUNK_MISSING" });
    await expect(writer.commit(uploadId, backup, foreign)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(writer.commit(uploadId, backup, manifest.subarray(0, -5))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    expect((await writer.commit(uploadId, backup, manifest)).result.case).toBe("committed");
  });
});

const flipped = (record: Uint8Array, at: number): Uint8Array => {
  const spoilt = Uint8Array.from(record);
  spoilt[at] = (spoilt[at] ?? 0) ^ 1;
  return spoilt;
};
