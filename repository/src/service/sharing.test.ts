import { rm } from "node:fs/promises";
import { chunkIdOf } from "@holdfast/shared/format/chunk-id";
import { RecordKind } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { idAt, idCount } from "@holdfast/shared/format/content-id";
import { encodePage } from "@holdfast/shared/format/page";
import { openChecked, parseRecord } from "@holdfast/shared/format/record";
import { RecordPieces } from "@holdfast/shared/reading/record-pieces";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EncryptedServer, openEncryptedServer } from "../testing/encrypted-server.ts";
import { changed, chunkIdsOf, fullDisk, plainAt, seededBytes } from "../testing/synthetic-disk.ts";
import { connect, installation, type RepositoryClient } from "../testing/test-callers.ts";
import { makeFolder, openTestServer, removeFolder, testChunkSize } from "../testing/test-server.ts";
import type { TestBackup } from "../testing/test-backup.ts";
import { type HeldUpload, TestWriter } from "../testing/test-writer.ts";

/** What the repository says of ids: `s` send, `c` compare, `k` known. */
const ask = async (
  client: RepositoryClient,
  uploadId: string,
  ids: Uint8Array,
  kind: RecordKind = RecordKind.CHUNK,
): Promise<string> => {
  const { missing, unchecked } = await client.findMissing({ uploadId, kind, ids });
  const isSet = (bits: Uint8Array, index: number): boolean => ((bits[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
  return Array.from({ length: idCount(ids) }, (_, index) => {
    if (isSet(missing, index)) return "s";
    return isSet(unchecked, index) ? "c" : "k";
  }).join("");
};

describe("an encrypted repository that several VMs share", () => {
  let folder = "";
  let held: EncryptedServer;
  const stack = new AsyncDisposableStack();
  let count = 0;

  beforeAll(async () => {
    folder = await makeFolder();
    held = stack.use(await openEncryptedServer(folder));
    stack.defer(() => removeFolder(folder));
  });
  afterAll(() => stack.disposeAsync());

  /** A writer whose certificate has a key of its own. */
  const writerOf = async (name: string) => {
    const { client } = stack.use(connect(held.server.server.address, await installation.identity("agent", name)));
    const writer = new TestWriter(client, held.server.repositoryId);
    writer.keys = held.keys.sealing;
    return { client, writer };
  };

  const openFor = async (writer: TestWriter, vmId: string): Promise<HeldUpload> => {
    count += 1;
    return stack.use(await writer.open({ taskId: `share${count}`, vmId, disks: [] }));
  };

  /** Reads chunks as who has the key does, and compares them. */
  const compare = async (client: RepositoryClient, uploadId: string, ids: Uint8Array): Promise<number> => {
    const pieces = new RecordPieces();
    let compared = 0;
    for await (const { index, piece } of client.readUnchecked({ uploadId, ids })) {
      const record = piece && pieces.add(piece.data, piece.last);
      if (!record) continue;
      const parsed = parseRecord(record);
      expect(Buffer.compare(parsed.header.id, idAt(ids, index))).toBe(0);
      openChecked(parsed, testChunkSize, held.keys.opening);
      compared += 1;
    }
    return compared;
  };

  const newChunk = (seed: number) => {
    const plain = seededBytes(seed, testChunkSize);
    return { plain, id: chunkIdOf(plain, testChunkSize, held.keys.sealing.idKey) };
  };

  it("lets a VM rely on another's chunk only after its writer compared it, and all when two writers did", async () => {
    const [one, two] = [await writerOf("w1"), await writerOf("w2")];
    const { plain, id } = newChunk(1001);
    const { idKey } = held.keys.sealing;
    const leaf = encodePage({ level: 0, ids: id }, idKey);

    const { uploadId: first } = (await openFor(one.writer, "vm1")).opened;
    expect(await ask(one.client, first, id)).toBe("s");
    await one.writer.put(first, [one.writer.record("chunk", id, plain)]);
    expect(await ask(one.client, first, id)).toBe("k");

    // The same agent for another VM: it has to compare, and that says nothing to others.
    const { uploadId: second } = (await openFor(one.writer, "vm2")).opened;
    expect(await ask(one.client, second, id)).toBe("c");
    const page = one.writer.record("page", leaf.id, leaf.bytes);
    await expect(one.writer.put(second, [page])).rejects.toMatchObject({ code: "CHUNK_MISSING" });
    expect(await compare(one.client, second, id)).toBe(1);
    await one.client.vouch({ uploadId: second, ids: id });
    expect(await ask(one.client, second, id)).toBe("k");
    expect(await one.writer.put(second, [page])).toMatchObject({ stored: 1 });
    const { uploadId: third } = (await openFor(one.writer, "vm3")).opened;
    expect(await ask(one.client, third, id)).toBe("c");

    // Another agent compared it too: now two stand for it.
    const { uploadId: fourth } = (await openFor(two.writer, "vm4")).opened;
    expect(await ask(two.client, fourth, id)).toBe("c");
    await two.client.vouch({ uploadId: fourth, ids: id });
    expect(await ask(one.client, third, id)).toBe("k");
    expect(await ask(two.client, (await openFor(two.writer, "vm5")).opened.uploadId, id)).toBe("k");
  });

  it("lets no writer poison a chunk that another VM comes to share", async () => {
    const [evil, good] = [await writerOf("w3"), await writerOf("w4")];
    const { id } = newChunk(1002);
    const lie = evil.writer.record("chunk", id, seededBytes(666, testChunkSize));
    const { uploadId: first } = (await openFor(evil.writer, "evil")).opened;
    expect(await evil.writer.put(first, [lie])).toMatchObject({ stored: 1 });

    const { uploadId } = (await openFor(good.writer, "good")).opened;
    expect(await ask(good.client, uploadId, id)).toBe("c");
    await expect(compare(good.client, uploadId, id)).rejects.toMatchObject({ code: "CHUNK_DAMAGED" });
    const leaf = encodePage({ level: 0, ids: id }, held.keys.sealing.idKey);
    const page = good.writer.record("page", leaf.id, leaf.bytes);
    await expect(good.writer.put(uploadId, [page])).rejects.toMatchObject({ code: "CHUNK_MISSING" });
  });

  it("counts the word of one key once, however many VMs it speaks for", async () => {
    const [evil, other] = [await writerOf("w5"), await writerOf("w6")];
    const { id } = newChunk(1003);
    const { uploadId } = (await openFor(evil.writer, "evil1")).opened;
    await evil.writer.put(uploadId, [evil.writer.record("chunk", id, seededBytes(667, testChunkSize))]);
    for (const vmId of ["evil2", "evil3"])
      await evil.client.vouch({ uploadId: (await openFor(evil.writer, vmId)).opened.uploadId, ids: id });
    expect(await ask(other.client, (await openFor(other.writer, "good1")).opened.uploadId, id)).toBe("c");
  });

  it("compares pages by itself, and refuses one whose id is taken by another content", async () => {
    const [evil, good] = [await writerOf("w7"), await writerOf("w8")];
    const { idKey } = held.keys.sealing;
    const [a, b] = [newChunk(1004), newChunk(1005)];
    const wanted = encodePage({ level: 0, ids: a.id }, idKey);
    const other = encodePage({ level: 0, ids: b.id }, idKey);
    const { uploadId: first } = (await openFor(evil.writer, "evil")).opened;
    await evil.writer.put(first, [evil.writer.record("chunk", b.id, b.plain)]);
    await evil.writer.put(first, [evil.writer.record("page", wanted.id, other.bytes)]);

    const { uploadId } = (await openFor(good.writer, "good")).opened;
    await good.writer.put(uploadId, [good.writer.record("chunk", a.id, a.plain)]);
    expect(await ask(good.client, uploadId, wanted.id, RecordKind.PAGE)).toBe("s");
    const page = good.writer.record("page", wanted.id, wanted.bytes);
    await expect(good.writer.put(uploadId, [page])).rejects.toMatchObject({ code: "RECORD_REJECTED" });

    const same = encodePage({ level: 0, ids: b.id }, idKey);
    const { uploadId: again } = (await openFor(evil.writer, "evil")).opened;
    await evil.writer.put(again, [evil.writer.record("page", same.id, same.bytes)]);
    await good.client.vouch({ uploadId, ids: b.id });
    expect(await good.writer.put(uploadId, [good.writer.record("page", same.id, same.bytes)])).toMatchObject({
      known: 1,
    });
    expect(await ask(good.client, uploadId, same.id, RecordKind.PAGE)).toBe("k");
  });

  it("answers only writers, about a number of chunks that it can hold", async () => {
    const one = await writerOf("w9");
    const { uploadId } = (await openFor(one.writer, "vm")).opened;
    const many = Buffer.alloc(65 * 32, 1);
    await expect(compare(one.client, uploadId, many)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(compare(one.client, "nothing", many.subarray(0, 32))).rejects.toMatchObject({
      code: "UPLOAD_UNKNOWN",
    });
    expect(await compare(one.client, uploadId, many.subarray(0, 32))).toBe(0);
  });
});

describe("an encrypted repository whose index was lost", () => {
  it("takes the next increment on what the VM had, and lets others compare anew", async () => {
    const folder = await makeFolder();
    await using _gone = { [Symbol.asyncDispose]: () => removeFolder(folder) };
    const disk = fullDisk("disk", 4, 1, testChunkSize);
    const backup: TestBackup = { taskId: "a", disks: [disk] };
    await using made = await openEncryptedServer(folder);
    await made.writer.backup(backup);
    await made.server[Symbol.asyncDispose]();
    for (const suffix of ["", "-wal", "-shm"]) await rm(`${made.server.config.indexPath}${suffix}`, { force: true });

    await using server = await openTestServer({ create: false }, { folder });
    const writer = new TestWriter(server.client, server.repositoryId);
    const { sealing } = made.keys;
    writer.keys = sealing;
    const ids = chunkIdsOf(disk, testChunkSize, sealing.idKey);
    await using other = await writer.open({ taskId: "other", vmId: "vm2", disks: [] });
    expect(await ask(server.client, other.opened.uploadId, ids)).toBe("cccc");

    // Only what changed is read and sent; the leaf lists three chunks of the base that nobody asked about.
    const next = changed(disk, { 1: 90 });
    await using upload = await writer.open({ taskId: "b", base: "a", disks: [next] });
    const { uploadId } = upload.opened;
    const nextIds = chunkIdsOf(next, testChunkSize, sealing.idKey);
    const record = writer.record("chunk", idAt(nextIds, 1), plainAt(next, 1, testChunkSize));
    await writer.put(uploadId, [record]);
    const leaf = encodePage({ level: 0, ids: nextIds }, sealing.idKey);
    expect(await writer.put(uploadId, [writer.record("page", leaf.id, leaf.bytes)])).toMatchObject({ stored: 1 });
    expect(await ask(server.client, uploadId, nextIds)).toBe("kkkk");
    expect(await ask(server.client, other.opened.uploadId, ids)).toBe("cccc");
  });
});
