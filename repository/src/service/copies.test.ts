import type { Origin } from "@holdfast/shared/format/manifest-schema";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chunkIdsOf, fullDisk, plainAt } from "../testing/synthetic-disk.ts";
import type { TestBackup } from "../testing/test-backup.ts";
import { connect } from "../testing/test-callers.ts";
import { openTestServer, type TestServer, testChunkSize } from "../testing/test-server.ts";
import { TestWriter } from "../testing/test-writer.ts";

const disk = fullDisk("disk", 2, 1, testChunkSize);
const origin: Origin = { repositoryId: "11111111-1111-4111-8111-111111111111", pointId: "first" };
const other: Origin = { ...origin, pointId: "second" };

describe("copies", () => {
  let server: TestServer;
  let copies: ReturnType<typeof connect>;
  beforeAll(async () => {
    server = await openTestServer();
    copies = connect(server.server.address, undefined, origin);
  });
  afterAll(async () => {
    await copies[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const backup = (taskId: string, parts: Partial<TestBackup> = {}): TestBackup => ({ taskId, disks: [disk], ...parts });

  it("a copy is a point that names its origin, and a base like any other", async () => {
    const writer = new TestWriter(copies.client, server.repositoryId);
    const { result } = await writer.backup(backup("copy1", { origin }));
    const named = { originRepositoryId: origin.repositoryId, originPointId: origin.pointId };
    expect(result).toMatchObject({ case: "committed", value: { pointId: "copy1", ...named } });

    const next = await new TestWriter(server.client, server.repositoryId).backup(backup("next", { base: "copy1" }));
    expect(next.result).toMatchObject({ case: "committed", value: { basePointId: "copy1", originPointId: "" } });
  });

  it("a copy commits with the origin that its token names, and with no other", async () => {
    const writer = new TestWriter(copies.client, server.repositoryId);
    await expect(writer.backup(backup("copy2"))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(writer.backup(backup("copy3", { origin: other }))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("a backup names no origin", async () => {
    const writer = new TestWriter(server.client, server.repositoryId);
    await expect(writer.backup(backup("backup", { origin }))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("a copied record is judged on receipt: one that is not what its id says is refused", async () => {
    const writer = new TestWriter(copies.client, server.repositoryId);
    await using upload = await writer.open(backup("copy4", { origin }));
    const fresh = fullDisk("disk", 1, 7, testChunkSize);
    const id = chunkIdsOf(fresh, testChunkSize).subarray(0, 32);
    const lie = writer.record("chunk", id, plainAt(disk, 0, testChunkSize));
    await expect(writer.put(upload.opened.uploadId, [lie])).rejects.toMatchObject({ code: "RECORD_REJECTED" });
    expect(await writer.missing(upload.opened.uploadId, "chunk", id)).toEqual([true]);
  });
});
