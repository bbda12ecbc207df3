import { describe, expect, it } from "vitest";
import { fullDisk } from "../testing/synthetic-disk.ts";
import { openTestServer, testChunkSize } from "../testing/test-server.ts";
import { attemptOf, type TestBackup } from "../testing/test-backup.ts";
import { TestWriter } from "../testing/test-writer.ts";

const disks = [fullDisk("disk", 4, 1, testChunkSize)];
const attempt = (number: number, attemptId = `try${number}`): TestBackup => ({ taskId: "t", number, attemptId, disks });

describe("attempts and fences", () => {
  it("refuses a lower attempt once a higher one was opened, and ends its upload", async () => {
    await using server = await openTestServer();
    const writer = new TestWriter(server.client, server.repositoryId);
    await using first = await writer.open(attempt(1));
    await using second = await writer.open(attempt(2));

    await expect(first.ended).rejects.toMatchObject({ code: "ATTEMPT_FENCED" });
    await expect(writer.missing(first.opened.uploadId, "chunk", new Uint8Array(32))).rejects.toMatchObject({
      code: "ATTEMPT_FENCED",
    });
    await expect(writer.open(attempt(1))).rejects.toMatchObject({ code: "ATTEMPT_FENCED" });
    expect(second.opened.uploadId).not.toBe("");
  });

  it("refuses the same number with another id, and opens the same attempt again in place of the former upload", async () => {
    await using server = await openTestServer();
    const writer = new TestWriter(server.client, server.repositoryId);
    await using first = await writer.open(attempt(1, "a"));

    await expect(writer.open(attempt(1, "b"))).rejects.toMatchObject({ code: "ATTEMPT_FENCED" });
    await using again = await writer.open(attempt(1, "a"));

    await expect(first.ended).rejects.toMatchObject({ code: "UPLOAD_UNKNOWN" });
    expect(await writer.missing(again.opened.uploadId, "chunk", new Uint8Array(32))).toEqual([false]);
  });

  it("never commits a fenced attempt, also after a restart", async () => {
    await using server = await openTestServer();
    const writer = new TestWriter(server.client, server.repositoryId);
    await using upload = await writer.open(attempt(1));
    const manifest = await writer.send(upload.opened.uploadId, attempt(1), upload.opened);

    expect(await server.client.fence({ attempt: attemptOf(attempt(1)) })).toMatchObject({});
    await expect(writer.commit(upload.opened.uploadId, attempt(1), manifest)).rejects.toMatchObject({
      code: "ATTEMPT_FENCED",
    });
    await expect(upload.ended).rejects.toMatchObject({ code: "ATTEMPT_FENCED" });
    expect((await server.client.fence({ attempt: attemptOf(attempt(1)) })).committed).toBeUndefined();

    await server.server[Symbol.asyncDispose]();
    await using next = await openTestServer({ create: false }, { folder: server.folder });
    const later = new TestWriter(next.client, next.repositoryId);
    await expect(later.open(attempt(1))).rejects.toMatchObject({ code: "ATTEMPT_FENCED" });
    expect((await later.backup(attempt(2))).result.case).toBe("committed");
  });

  it("answers the point of a committed task to opens, fences and repeated commits of the same attempt", async () => {
    await using server = await openTestServer();
    const writer = new TestWriter(server.client, server.repositoryId);
    await using upload = await writer.open(attempt(2));
    const manifest = await writer.send(upload.opened.uploadId, attempt(2), upload.opened);
    const first = await writer.commit(upload.opened.uploadId, attempt(2), manifest);

    const again = await writer.commit(upload.opened.uploadId, attempt(2), manifest);
    const afterwards = await writer.commit("forgotten", attempt(2), manifest);
    const { committed } = await server.client.fence({ attempt: attemptOf(attempt(3)) });
    await using opened = await writer.open(attempt(3));

    expect(again).toEqual(first);
    expect(afterwards).toEqual(first);
    expect(committed?.attemptNumber).toBe(2);
    expect(opened.first.event).toMatchObject({ case: "committed", value: { pointId: "t" } });
    await expect(writer.commit("any", attempt(1), manifest)).rejects.toMatchObject({ code: "ATTEMPT_FENCED" });
  });

  it("stops an owner when another server took the repository over", async () => {
    await using former = await openTestServer();
    const writer = new TestWriter(former.client, former.repositoryId);
    await using upload = await writer.open(attempt(1));
    const manifest = await writer.send(upload.opened.uploadId, attempt(1), upload.opened);
    await using owner = await openTestServer(
      { create: false, indexPath: `${former.folder}/other` },
      { folder: former.folder },
    );

    await expect(writer.commit(upload.opened.uploadId, attempt(1), manifest)).rejects.toMatchObject({
      code: "REPOSITORY_NOT_OWNED",
    });
    await expect(former.client.fence({ attempt: attemptOf(attempt(1)) })).rejects.toMatchObject({
      code: "REPOSITORY_NOT_OWNED",
    });
    expect((await owner.client.getRepository({})).epoch).toBe(2n);
  });
});
