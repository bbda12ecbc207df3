import { expect, test } from "vitest";
import { changed, fullDisk, type SyntheticDisk } from "../testing/synthetic-disk.ts";
import { expectDisk, openReading, readDisk } from "../testing/test-reader.ts";
import { makeFolder, openTestServer, removeFolder, type TestServer, testChunkSize } from "../testing/test-server.ts";
import { TestWriter } from "../testing/test-writer.ts";

const seed = Number(process.env["HOLDFAST_SEED"] ?? 1);
const isSoak = process.env["HOLDFAST_SOAK"] === "1";
const backupsOfEach = isSoak ? 60 : 4;
/** Where a writer gives up waiting for the others to get their turn. */
const mostOfEach = 100;

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

/** What went on beside the writers so far. */
interface Beside {
  removed: number;
  readonly reads: number[];
  isOver: boolean;
}

const isSeen = ({ removed, reads }: Beside): boolean => removed > 0 && reads.every((count) => count > 0);

/**
 * A writer whose disk shares its content with those of the others, and which removes its oldest point now and then. It goes on until something was
 * collected and every reader has read, however seldom they got their turn.
 */
const write = async (server: TestServer, shelf: Shelf, beside: Beside, vm: number): Promise<void> => {
  const random = seeded(seed * 100 + vm);
  const writer = new TestWriter(server.client, server.repositoryId);
  let disk = fullDisk("disk", 6, 1, testChunkSize);
  let base: string | undefined;
  for (let number = 0; number < backupsOfEach || (!isSeen(beside) && number < mostOfEach); number += 1) {
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

const read = async (server: TestServer, shelf: Shelf, beside: Beside, reader: number): Promise<void> => {
  const random = seeded(seed * 1000 + reader);
  while (!beside.isOver) {
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
    beside.reads[reader] = (beside.reads[reader] ?? 0) + 1;
  }
};

const collect = async (server: TestServer, beside: Beside): Promise<void> => {
  while (!beside.isOver) {
    for await (const { result } of server.client.collectGarbage({})) {
      beside.removed += Number(result?.packsRemoved ?? 0) + Number(result?.packsCompacted ?? 0);
    }
  }
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
        const beside: Beside = { removed: 0, reads: [0, 0], isOver: false };
        const others = [collect(server, beside), read(server, shelf, beside, 0), read(server, shelf, beside, 1)];
        const writing = Promise.all([1, 2, 3, 4].map((vm) => write(server, shelf, beside, vm)));
        await writing.finally(() => {
          beside.isOver = true;
        });
        await Promise.all(others);
        expect(isSeen(beside), JSON.stringify(beside)).toBe(true);
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
