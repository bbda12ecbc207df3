import { randomBytes, randomInt } from "node:crypto";
import { readFile } from "node:fs/promises";
import { RecordKind } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { chunkIdOf } from "@holdfast/shared/format/chunk-id";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callRaw, rawFrame } from "../testing/raw-client.ts";
import { type ServerProcess, startServer } from "../testing/server-process.ts";
import { fullDisk, seededBytes } from "../testing/synthetic-disk.ts";
import type { TestBackup } from "../testing/test-backup.ts";
import { callers, installation } from "../testing/test-callers.ts";
import { makeFolder, removeFolder, testChunkSize } from "../testing/test-server.ts";
import { type HeldUpload, TestWriter } from "../testing/test-writer.ts";

/** Of gRPC. */
const status = { tooLarge: 8 } as const;
const MiB = 1024 * 1024;
/** Generous: what a server may grow by while all of this file is done to it. */
const mostGrowth = 192 * MiB;

let folder: string;
let server: ServerProcess;
let writer: TestWriter;
let restingBytes: number;
let address: string;
/** Of an agent that may back up. */
let token: string;

/** Resident bytes of the server: now, or the most there ever were. */
const residentBytes = async (which: "VmRSS" | "VmHWM"): Promise<number> => {
  const status = await readFile(`/proc/${server.process.pid}/status`, "utf8");
  return Number(new RegExp(`${which}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
};

const backupOf = (taskId: string, firstSeed: number): TestBackup => ({
  taskId,
  vmId: `vm-${taskId}`,
  disks: [fullDisk("disk", 1, firstSeed, testChunkSize)],
});

beforeAll(async () => {
  folder = await makeFolder();
  server = await startServer(folder);
  address = (await server.process.ready(10_000)).address ?? "";
  token = installation.token(callers.agent, { repositoryId: server.repositoryId, operation: "backup" });
  writer = new TestWriter(server.client, server.repositoryId);
  await writer.backup(backupOf("warm", 1));
  restingBytes = await residentBytes("VmRSS");
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await removeFolder(folder);
});

const withUpload = async (taskId: string, work: (upload: HeldUpload, uploadId: string) => Promise<void>) => {
  await using upload = await writer.open(backupOf(taskId, 1));
  await work(upload, upload.opened.uploadId);
};

/** Sends messages without looking at grants; resolves when the stream ends well. */
const flood = async (uploadId: string, pieces: Iterable<{ readonly data: Uint8Array; readonly last: boolean }>) => {
  const stream = server.client.putRecords(
    (async function* () {
      yield { part: { case: "uploadId" as const, value: uploadId } };
      for (const value of pieces) yield { part: { case: "piece" as const, value } };
    })(),
  );
  for await (const _ of stream);
};

describe("a server process whose clients are hostile", () => {
  it("refuses random bytes as records, and as manifests", async () => {
    await withUpload("random", async (_, uploadId) => {
      for (let times = 0; times < 30; times += 1) {
        const bytes = randomBytes(randomInt(1, 200_000));
        await expect(writer.put(uploadId, [bytes])).rejects.toMatchObject({ code: "RECORD_REJECTED" });
        await expect(writer.commit(uploadId, backupOf("random", 1), bytes)).rejects.toMatchObject({
          code: expect.stringMatching(/INVALID_ARGUMENT|REPOSITORY_DAMAGED/),
        });
      }
    });
  });

  it("refuses a commit on the upload of another task, and leaves both alone", async () => {
    await withUpload("mine", async (_, uploadId) => {
      const foreign = backupOf("foreign", 1);
      await expect(writer.commit(uploadId, foreign, randomBytes(500))).rejects.toMatchObject({ code: "TOKEN_REFUSED" });
      expect(await writer.missing(uploadId, "chunk", chunkIdOf(seededBytes(1, testChunkSize), testChunkSize))).toEqual([
        false,
      ]);
      expect((await writer.backup(foreign)).result.case).toBe("committed");
    });
  });

  it("answers a replayed commit with the one point, whatever it brings, and another attempt not at all", async () => {
    const backup = backupOf("replayed", 10);
    const first = await writer.backup(backup);
    expect(first.result.case).toBe("committed");
    for (let times = 0; times < 3; times += 1)
      expect(await writer.commit("gone", backup, randomBytes(100))).toEqual(first);
    await expect(writer.commit("gone", { ...backup, number: 2 }, randomBytes(100))).rejects.toMatchObject({
      code: "ATTEMPT_FENCED",
    });
  });

  it("answers ids in batches of 4,096, and no larger batch", async () => {
    await withUpload("ids", async (_, uploadId) => {
      const ask = async (ids: Uint8Array) => await server.client.findMissing({ uploadId, kind: RecordKind.CHUNK, ids });
      const batch = randomBytes(4096 * 32);
      await expect(ask(Buffer.concat([batch, randomBytes(32)]))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
      for (let times = 0; times < 16; times += 1) {
        const { missing } = await ask(batch);
        expect(missing.every((byte) => byte === 0xff)).toBe(true);
      }
    });
  });

  it.each(["FindMissing", "PutRecords", "Commit"])(
    "refuses a message over 256 KiB to %s, whoever sends it",
    async (method) => {
      const millionIds = (function* () {
        yield rawFrame(32 * MiB);
        for (let sent = 0; sent < 32 * MiB; sent += MiB) yield new Uint8Array(MiB);
      })();
      expect(await callRaw(address, { method, token, parts: millionIds })).toEqual({ status: status.tooLarge });
    },
  );

  it("answers bytes that are no message with a status, and lives on", async () => {
    for (const method of ["GetRepository", "OpenUpload", "FindMissing", "PutRecords", "Commit", "NoSuchCall"]) {
      const junk = randomBytes(10_000);
      const ending = await callRaw(address, { method, token, parts: [rawFrame(junk.byteLength, junk)] });
      expect(ending, method).toEqual({ status: expect.toSatisfy((code: number) => code > 0) });
    }
  });

  it("takes no more of a stream that ignores grants than it granted", async () => {
    await withUpload("greedy", async (_, uploadId) => {
      const endless = (function* () {
        for (let sent = 0; sent < 2000; sent += 1) yield { data: new Uint8Array(200_000), last: false };
      })();
      await expect(flood(uploadId, endless)).rejects.toMatchObject({
        code: expect.stringMatching(/STREAM_REFUSED|RECORD_REJECTED/),
      });
    });
  });

  it("goes on for others while 15 streams give a byte now and then", async () => {
    await withUpload("slow", async (_, uploadId) => {
      const stop = new AbortController();
      const byte = { data: new Uint8Array(1), last: false };
      const taken = Array.from({ length: 15 }, () => Promise.withResolvers<void>());
      const streams = taken.map(async ({ resolve }) => {
        const left = Promise.withResolvers<void>();
        stop.signal.addEventListener("abort", () => {
          left.resolve();
        });
        const stream = server.client.putRecords(
          (async function* () {
            yield { part: { case: "uploadId" as const, value: uploadId } };
            yield { part: { case: "piece" as const, value: byte } };
            await left.promise;
          })(),
          { signal: stop.signal },
        );
        for await (const { event } of stream) if (event.case === "grantBytes") resolve();
      });
      const ended = Promise.allSettled(streams);
      await Promise.all(taken.map(({ promise }) => promise));

      expect((await writer.backup(backupOf("quick", 20))).result.case).toBe("committed");

      stop.abort();
      await ended;
    });
  });

  it("commits 64 uploads that come at once", async () => {
    const backups = Array.from({ length: 64 }, (_, index) => backupOf(`crowd${index}`, 100 + index));
    const answers = await Promise.all(backups.map((backup) => writer.backup(backup)));
    expect(answers.map(({ result }) => result.case)).toEqual(backups.map(() => "committed"));
  });

  it("stays within its memory through all of it", async () => {
    expect((await residentBytes("VmHWM")) - restingBytes).toBeLessThan(mostGrowth);
    expect(server.process.exit).toBeUndefined();
  });
});
