import { expect, test } from "vitest";
import { changed, fullDisk, type SyntheticDisk } from "../testing/synthetic-disk.ts";
import { expectDisk, openReading, readDisk } from "../testing/test-reader.ts";
import { makeFolder, openTestServer, removeFolder, type TestServer, testChunkSize } from "../testing/test-server.ts";
import { TestWriter } from "../testing/test-writer.ts";

const seed = Number(process.env["HOLDFAST_SEED"] ?? 1);
const isSoak = process.env["HOLDFAST_SOAK"] === "1";
const backupsOfEach = isSoak ? 60 : 4;

/** Random numbers below `limit` that the same seed always gives. */
const seeded = (from: number): ((limit: number) => number) => {
  let state = from >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
};

/** What stands in the repository, as writers and readers share it. */
class Shelf {
  readonly points = new Map<string, SyntheticDisk>();
  readonly #read = new Map<string, number>();

  /** Nobody removes the point while it is read: only a point that was removed before may not be found. */
  async reading(pointId: string, work: (disk: SyntheticDisk) => Promise<void>): Promise<void> {
    const disk = this.points.get(pointId);
    if (!disk) return;
    this.#read.set(pointId, (this.#read.get(pointId) ?? 0) + 1);
    try {
      await work(disk);
    } finally {
      this.#read.set(pointId, (this.#read.get(pointId) ?? 1) - 1);
    }
  }

  /** Takes out a point that nobody reads, so that it can be removed. */
  take(mayGo: (pointId: string) => boolean): string | undefined {
    const pointId = [...this.points.keys()].find((id) => mayGo(id) && (this.#read.get(id) ?? 0) === 0);
    if (pointId !== undefined) this.points.delete(pointId);
    return pointId;
  }
}

/** A writer whose disk shares its content with those of the others, and which removes its oldest point now and then. */
const write = async (server: TestServer, shelf: Shelf, vm: number): Promise<void> => {
  const random = seeded(seed * 100 + vm);
  const writer = new TestWriter(server.client, server.repositoryId);
  let disk = fullDisk("disk", 6, 1, testChunkSize);
  let base: string | undefined;
  for (let number = 0; number < backupsOfEach; number += 1) {
    disk = changed(disk, { [random(6)]: 1 + random(12), [random(6)]: 1 + random(12) });
    const taskId = `v${vm}n${number}`;
    const backup = { taskId, vmId: `vm${vm}`, disks: [disk], ...(base !== undefined && { base }) };
    const { result } = await writer.backup(backup);
    expect([taskId, result.case]).toEqual([taskId, "committed"]);
    shelf.points.set(taskId, disk);
    base = taskId;
    const old = shelf.take((id) => id.startsWith(`v${vm}n`) && id !== taskId);
    if (old !== undefined) await server.client.removePoint({ pointId: old, belowFloor: true, reason: "by a test" });
  }
};

const read = async (server: TestServer, shelf: Shelf, until: { isOver: boolean }, reader: number): Promise<number> => {
  const random = seeded(seed * 1000 + reader);
  let reads = 0;
  while (!until.isOver) {
    const ids = [...shelf.points.keys()];
    const pointId = ids[random(Math.max(1, ids.length))];
    if (pointId === undefined) {
      await new Promise((resolve) => setImmediate(resolve));
      continue;
    }
    await shelf.reading(pointId, async (disk) => {
      await using reading = await openReading(server.client, pointId);
      expectDisk(await readDisk(server.client, { readingId: reading.readingId, diskId: "disk" }), disk);
    });
    reads += 1;
  }
  return reads;
};

const collect = async (server: TestServer, until: { isOver: boolean }): Promise<number> => {
  let removed = 0;
  while (!until.isOver) {
    for await (const { result } of server.client.collectGarbage({})) {
      removed += Number(result?.packsRemoved ?? 0) + Number(result?.packsCompacted ?? 0);
    }
  }
  return removed;
};

test(
  `one collection after another beside four writers and two readers loses nothing (seed ${seed})`,
  { timeout: isSoak ? 900_000 : 120_000 },
  async () => {
    const folder = await makeFolder();
    try {
      const shelf = new Shelf();
      const settings = { undeleteHours: 0, packTargetBytes: 512 * 1024 };
      {
        await using server = await openTestServer(settings, { folder });
        const until = { isOver: false };
        const others = [collect(server, until), read(server, shelf, until, 1), read(server, shelf, until, 2)];
        const writing = Promise.all([1, 2, 3, 4].map((vm) => write(server, shelf, vm)));
        await writing.finally(() => {
          until.isOver = true;
        });
        const [removed = 0, ...reads] = await Promise.all(others);
        // How much depends on how often a collection fits between the writers.
        expect(removed).toBeGreaterThan(0);
        for (const count of reads) expect(count).toBeGreaterThan(0);
        await collect(server, { isOver: true });
      }
      // What packs alone tell, to a server that never saw any of it.
      await using next = await openTestServer({ ...settings, indexPath: `${folder}/other` }, { folder });
      expect(shelf.points.size).toBeGreaterThanOrEqual(4);
      for (const [pointId, disk] of shelf.points) {
        await using reading = await openReading(next.client, pointId);
        expectDisk(await readDisk(next.client, { readingId: reading.readingId, diskId: "disk" }), disk);
      }
    } finally {
      await removeFolder(folder);
    }
  },
);
