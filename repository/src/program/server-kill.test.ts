import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { fullDisk, type SyntheticDisk } from "../testing/synthetic-disk.ts";
import { expectDisk, openReading, readDisk } from "../testing/test-reader.ts";
import { type ServerProcess, startServer } from "../testing/server-process.ts";
import type { RepositoryClient } from "../testing/test-callers.ts";
import { makeFolder, removeFolder, testChunkSize } from "../testing/test-server.ts";
import type { TestBackup } from "../testing/test-backup.ts";
import { TestWriter } from "../testing/test-writer.ts";

const withFolder = async (work: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await makeFolder();
  try {
    await work(folder);
  } finally {
    await removeFolder(folder);
  }
};

const restoreAndCompare = async (client: RepositoryClient, pointId: string, disk: SyntheticDisk): Promise<void> => {
  await using reading = await openReading(client, pointId);
  expectDisk(await readDisk(client, { readingId: reading.readingId, diskId: disk.diskId }), disk);
};

const pointIds = async ({ client }: ServerProcess): Promise<string[]> => {
  const ids: string[] = [];
  for await (const { point } of client.listPoints({})) ids.push(point?.pointId ?? "");
  return ids;
};

describe("a server process that is killed", () => {
  it("in mid-upload loses only what was not in a finished pack; the next attempt sends the rest", async () => {
    await withFolder(async (folder) => {
      const disk = fullDisk("disk", 12, 1, testChunkSize);
      const half: TestBackup = {
        taskId: "t",
        disks: [{ ...disk, sizeBytes: 8 * testChunkSize, seeds: new Map([...disk.seeds].slice(0, 8)) }],
      };
      {
        await using server = await startServer(folder);
        const writer = new TestWriter(server.client, server.repositoryId);
        await using upload = await writer.open(half);
        await writer.send(upload.opened.uploadId, half, upload.opened);
        await server.kill();
        await expect(upload.ended).rejects.toMatchObject({ code: "UNAVAILABLE" });
      }

      await using server = await startServer(folder);
      const writer = new TestWriter(server.client, server.repositoryId);
      const { result } = await writer.backup({ taskId: "t", number: 2, disks: [disk] });

      if (result.case !== "committed") throw new Error("not committed");
      const stored = Number(result.value.statistics?.storedBytes) / testChunkSize;
      expect(stored).toBeGreaterThanOrEqual(4);
      expect(stored).toBeLessThan(12);
      await restoreAndCompare(server.client, "t", disk);
    });
  });

  it("at any moment of a commit keeps what it acknowledged, and an unanswered commit can be asked again", async () => {
    await withFolder(async (folder) => {
      for (const killAfterMs of [0, 3, 8, 20]) {
        const taskId = `t${killAfterMs}`;
        const disk = fullDisk("disk", 5, 100 * (killAfterMs + 1), testChunkSize);
        const backup: TestBackup = { taskId, disks: [disk] };
        let acknowledged = false;
        {
          await using server = await startServer(folder);
          const writer = new TestWriter(server.client, server.repositoryId);
          await using upload = await writer.open(backup);
          const manifest = await writer.send(upload.opened.uploadId, backup, upload.opened);
          const committing = writer.commit(upload.opened.uploadId, backup, manifest).then(
            () => true,
            () => false,
          );
          await new Promise((resolve) => setTimeout(resolve, killAfterMs));
          await server.kill();
          acknowledged = await committing;
        }
        await using server = await startServer(folder);
        const writer = new TestWriter(server.client, server.repositoryId);
        expect(!acknowledged || (await pointIds(server)).includes(taskId)).toBe(true);
        await using again = await writer.open(backup);
        if (again.first.event.case === "opened") await again[Symbol.asyncDispose]().then(() => writer.backup(backup));
        for (const pointId of await pointIds(server)) {
          const after = Number(pointId.slice(1));
          await restoreAndCompare(server.client, pointId, fullDisk("disk", 5, 100 * (after + 1), testChunkSize));
        }
        expect(await pointIds(server)).toContain(taskId);
      }
    });
    // Eight starts of a process, on whatever machine.
  }, 90_000);

  it("serves health and reflection, and ends well on SIGTERM with uploads open", async () => {
    await withFolder(async (folder) => {
      await using server = await startServer(folder);
      const writer = new TestWriter(server.client, server.repositoryId);
      await using upload = await writer.open({ taskId: "t", disks: [] });

      expect(await server.process.stop()).toMatchObject({ code: 0 });

      await expect(upload.ended).rejects.toMatchObject({ code: "UNAVAILABLE" });
      expect((await readFile(`${folder}/r/descriptor`, "utf8")).length).toBeGreaterThan(0);
    });
  });
});
