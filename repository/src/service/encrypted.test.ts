import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chunkIdOf } from "@holdfast/shared/format/chunk-id";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { parseKeyList } from "@holdfast/shared/keys/key-list";
import { twinOf, withNewKey } from "@holdfast/shared/keys/master-key";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { damageChunk } from "../testing/damage.ts";
import { type EncryptedServer, openEncryptedServer } from "../testing/encrypted-server.ts";
import { changed, fullDisk, plainAt, seededBytes } from "../testing/synthetic-disk.ts";
import { expectDisk, openReading, readDisk } from "../testing/test-reader.ts";
import { openTestServer, type TestServer, testChunkSize } from "../testing/test-server.ts";
import { TestWriter } from "../testing/test-writer.ts";

const disk = fullDisk("disk", 4, 1, testChunkSize);

const verify = async ({ server }: EncryptedServer, pointId: string) => {
  let last = { chunksVerified: 0, damaged: 0 };
  for await (const { chunksVerified, damaged } of server.client.verifyPoint({ pointId }))
    last = { chunksVerified, damaged: damaged.length };
  return last;
};

/** Everything that lies in a repository's folder, in one. */
const bytesOf = async (directory: string): Promise<Buffer> => {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Buffer.concat(await Promise.all(files.map((file) => readFile(file))));
};

describe("an encrypted repository", () => {
  let held: EncryptedServer;
  beforeAll(async () => {
    held = await openEncryptedServer();
  });
  afterAll(() => held[Symbol.asyncDispose]());

  it("takes a full backup and an increment, and gives both back to who has the key", async () => {
    const { server, writer, keys } = held;
    await writer.backup({ taskId: "a", disks: [disk] });
    const next = changed(disk, { 1: 90, 2: undefined });
    const { result } = await writer.backup({ taskId: "b", base: "a", disks: [next] });
    expect(result).toMatchObject({ case: "committed", value: { vmName: "", jobName: "" } });
    for (const [pointId, expected] of [
      ["a", disk],
      ["b", next],
    ] as const) {
      await using reading = await openReading(server.client, pointId);
      const range = { readingId: reading.readingId, diskId: "disk" };
      expectDisk(await readDisk(server.client, { ...range, keys: keys.opening }), expected);
      await expect(readDisk(server.client, range)).rejects.toMatchObject({ code: "KEY_MISSING" });
    }
  });

  it("holds nothing of what was written that can be read: no content, no id of it, no name", async () => {
    const other = fullDisk("disk", 4, 700, testChunkSize);
    await held.writer.backup({ taskId: "names", vmId: "vm-of-the-test", disks: [other] });
    const bytes = await bytesOf(held.server.directory);
    expect(bytes.includes("vm-of-the-test")).toBe(true);
    expect(bytes.includes('"vmName"')).toBe(false);
    expect(bytes.includes("<ovf/>")).toBe(false);
    const plain = plainAt(other, 0, testChunkSize);
    const secrets = [plain.subarray(0, 64), chunkIdOf(plain, testChunkSize), held.keys.sealing.contentKey];
    for (const secret of [...secrets, held.master.master]) expect(bytes.includes(Buffer.from(secret))).toBe(false);
  });

  it("takes nothing that is not sealed, and a repository without encryption nothing that is", async () => {
    await using plainServer = await openTestServer();
    const plain = seededBytes(9, testChunkSize);
    const bare = new TestWriter(held.server.client, held.server.repositoryId);
    await using upload = await bare.open({ taskId: "bare", disks: [disk] });
    const { uploadId } = upload.opened;
    const record = bare.record("chunk", chunkIdOf(plain, testChunkSize), plain);
    await expect(bare.put(uploadId, [record])).rejects.toMatchObject({ code: "RECORD_REJECTED" });
    const manifest = bare.manifest({ taskId: "bare", disks: [] }, { disks: [], statistics: noBytes });
    await expect(bare.commit(uploadId, { taskId: "bare", disks: [] }, manifest)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });

    const sealing = new TestWriter(plainServer.client, plainServer.repositoryId);
    sealing.keys = held.keys.sealing;
    await expect(sealing.backup({ taskId: "a", disks: [disk] })).rejects.toMatchObject({ code: "RECORD_REJECTED" });
  });

  it("refuses a sealed record that was changed on its way", async () => {
    const plain = seededBytes(9, testChunkSize);
    await using upload = await held.writer.open({ taskId: "changed", disks: [disk] });
    const record = held.writer.record("chunk", chunkIdOf(plain, testChunkSize, held.keys.sealing.idKey), plain);
    record[record.byteLength - 1] = (record.at(-1) ?? 0) ^ 1;
    await expect(held.writer.put(upload.opened.uploadId, [record])).rejects.toMatchObject({ code: "RECORD_REJECTED" });
  });

  it("is verified without a key, and what is damaged is found", async () => {
    await held.writer.backup({ taskId: "verified", disks: [fullDisk("disk", 4, 500, testChunkSize)] });
    expect(await verify(held, "verified")).toEqual({ chunksVerified: 4, damaged: 0 });
    await damageChunk(held.server.directory);
    expect(await verify(held, "verified")).toEqual({ chunksVerified: 4, damaged: 1 });
  });

  it("gives its wrapped keys to a controller and takes a list that follows, and no other", async () => {
    const { client } = held.server;
    const list = parseKeyList((await client.getKeys({})).keyListJson);
    expect(list).toEqual(held.keyList);
    const described = await client.getRepository({});
    expect(described).toMatchObject({ keyListNumber: 2 });
    expect(described.keyCheck).toMatch(/^[0-9a-f]{64}$/);

    const next = withNewKey(held.master, list, systemRandom);
    await client.putKeys({ keyListJson: JSON.stringify(next) });
    expect(parseKeyList((await client.getKeys({})).keyListJson)).toEqual(next);
    const forgetful = { ...next, number: 4, keyIds: [next.activeKeyId] };
    for (const refused of [next, { ...next, number: 9 }, forgetful]) {
      await expect(client.putKeys({ keyListJson: JSON.stringify(refused) })).rejects.toMatchObject({
        code: "FAILED_PRECONDITION",
      });
    }
    await expect(client.putKeys({ keyListJson: "{}" })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("has no keys when it is not encrypted", async () => {
    await using server = await openTestServer();
    await expect(server.client.getKeys({})).rejects.toMatchObject({ code: "FAILED_PRECONDITION" });
    expect(await server.client.getRepository({})).toMatchObject({ keyCheck: "", keyListNumber: 0 });
  });
});

const noBytes = {
  plannedBytes: 0,
  zeroBytes: 0,
  unchangedBytes: 0,
  deduplicatedBytes: 0,
  storedBytes: 0,
  changedBytes: 0,
  readBytes: 0,
  sampledBytes: 0,
  packedBytes: 0,
};

describe("an encrypted repository whose lists of keys are damaged", () => {
  const flip = async (path: string): Promise<void> => {
    const bytes = await readFile(path);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await writeFile(path, bytes);
  };
  const findingOf = async ({ client }: TestServer) => {
    const found = [];
    for await (const { checks } of client.examine({ examination: { timeoutMs: 5000 } })) found.push(...checks);
    return found.find(({ kind }) => kind === "key");
  };

  it("says so, gives the highest that is whole, answers what has nothing to do with keys, and takes a new list", async () => {
    await using held = await openEncryptedServer();
    const { server, master, keyList } = held;
    expect(await findingOf(server)).toMatchObject({ state: "ok" });
    await flip(join(server.directory, "keys", "00000002"));
    expect(parseKeyList((await server.client.getKeys({})).keyListJson).number).toBe(1);
    expect(await findingOf(server)).toMatchObject({ state: "warning" });
    await flip(join(server.directory, "keys", "00000001"));
    await expect(server.client.getKeys({})).rejects.toMatchObject({ code: "REPOSITORY_DAMAGED" });
    expect(await server.client.getRepository({})).toMatchObject({ keyListNumber: 2, points: 0 });
    expect(await findingOf(server)).toMatchObject({ state: "error" });
    await server.client.putKeys({ keyListJson: JSON.stringify(twinOf(master, keyList)) });
    expect(parseKeyList((await server.client.getKeys({})).keyListJson).number).toBe(3);
    expect(await findingOf(server)).toMatchObject({
      state: "warning",
      message: expect.stringContaining("no second copy") as string,
    });
  });
});
