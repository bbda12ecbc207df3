import { systemClock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { expect, test } from "vitest";
import { inMemory } from "../index/index-database.ts";
import { packsFolder, parsePackName, quarantineFolder } from "../store/object-names.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { createRepositoryOn, ownRepository } from "../store/open-repository-store.ts";
import { openS3Bucket } from "../store/s3/s3-bucket.ts";
import { S3ObjectStore } from "../store/s3/s3-object-store.ts";
import { type S3TestServer, startS3Server } from "../store/s3/testing/s3-server.ts";
import { makeTestBucket } from "../store/s3/testing/test-bucket.ts";
import { temporaryFolder, testChunkSize } from "../store/testing/sample-repository.ts";
import { type Fault, type FaultPoint, faultyStore } from "../store/wrappers/testing/faulty-store.ts";
import { expectAllFound } from "../verification/testing/expect-verifiable.ts";
import { damagedSeeds } from "../verification/testing/damaged.ts";
import { verifyFailing } from "../verification/testing/verify-failing.ts";
import { openVerifying } from "../verification/testing/verifying.ts";
import { openCollecting } from "./testing/collecting.ts";
import { expectCollected, expectWhole, leaveGarbage, optionsOf } from "./testing/garbage.ts";

const isSoak = process.env["HOLDFAST_SOAK"] === "1";
/** Seconds on an idle machine; the deadline is for a crowded one. */
const deadlineMs = isSoak ? 600_000 : 90_000;

/** Opens a new bucket's store anew each time it is called, for one owner after the other. */
type OpenBucket = () => Promise<ObjectStore>;

/** A bucket with a new repository in it. */
const newRepository = async (server: S3TestServer): Promise<OpenBucket> => {
  const settings = await makeTestBucket(server);
  const open: OpenBucket = async () =>
    new S3ObjectStore(await openS3Bucket(settings, server.credentials), systemRandom);
  await using objects = await open();
  const options = { chunkSize: testChunkSize, installationId: "test", clock: systemClock, random: systemRandom };
  await createRepositoryOn(objects, options);
  return open;
};

const codeOf = (caught: unknown): string => {
  if (caught instanceof HoldfastError) return caught.code;
  throw caught;
};

/** One collection over a storage that fails as `decide` says from when it began; answers its error's code, if any. */
const collectWith = async (
  open: OpenBucket,
  folder: string,
  decide: (point: FaultPoint & { readonly call: number }) => Fault,
  isHidden: (name: string) => boolean = () => false,
): Promise<{ readonly code: string | undefined; readonly calls: number }> => {
  let isOn = false;
  let calls = 0;
  const objects = faultyStore(await open(), {
    decide: (point) => {
      if (!isOn) return undefined;
      calls += 1;
      return decide({ ...point, call: calls });
    },
    isHidden: (name) => isOn && isHidden(name),
  });
  await using store = await ownRepository(objects, optionsOf(folder));
  const { collect } = await openCollecting(store);
  isOn = true;
  const code = await collect().then(() => undefined, codeOf);
  isOn = false;
  return { code, calls };
};

/** What the next owner must find: what is kept is whole, and one collection ends everything. */
const expectRecovery = async (open: OpenBucket, folder: string): Promise<void> => {
  {
    await using store = await ownRepository(await open(), optionsOf(folder));
    expect(await expectWhole(store)).toContain("kept");
    await (await openCollecting(store)).collect();
    expect(await expectWhole(store)).toEqual(["kept"]);
    await expectCollected(store);
  }
  // What the bucket alone tells is the same.
  await using store = await ownRepository(await open(), { ...optionsOf(folder), indexPath: inMemory });
  expect(await expectWhole(store)).toEqual(["kept"]);
  await using objects = await open();
  const packs = (await Array.fromAsync(objects.list(packsFolder))).filter((name) => parsePackName(name));
  expect(packs).toHaveLength((await store.counts()).packs);
};

/** A new bucket with garbage in it, and a folder for the index of its owners. */
const withGarbage = async (
  server: S3TestServer,
  run: (open: OpenBucket, folder: string) => Promise<void>,
): Promise<void> => {
  await using folder = await temporaryFolder();
  const open = await newRepository(server);
  {
    await using store = await ownRepository(await open(), optionsOf(folder.path));
    await leaveGarbage(store);
  }
  await run(open, folder.path);
};

const faults: readonly Exclude<Fault, undefined>[] = ["unreachable", "lost", "torn"];

test(
  "a collection in a bucket that fails at any one request loses nothing, and is finished by the next owner",
  async () => {
    await using server = await startS3Server();
    let total = 0;
    await withGarbage(server, async (open, folder) => {
      const { code, calls } = await collectWith(open, folder, () => undefined);
      expect(code).toBeUndefined();
      total = calls;
    });
    const failed = new Set<string | undefined>();
    let turn = 0;
    for (let call = 1; call <= total; call += isSoak ? 1 : 7) {
      for (const fault of isSoak ? faults : faults.slice(turn % 3, (turn % 3) + 1)) {
        await withGarbage(server, async (open, folder) => {
          const { code } = await collectWith(open, folder, (point) => (point.call === call ? fault : undefined));
          failed.add(code);
          await expectRecovery(open, folder);
        });
      }
      turn += 1;
    }
    expect(turn).toBeGreaterThan(5);
    expect(failed).toContain("STORE_UNREACHABLE");
  },
  deadlineMs,
);

test(
  "a collection in a bucket that stops answering amid it says so, and is finished by the next owner",
  async () => {
    await using server = await startS3Server();
    for (const from of isSoak ? [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21] : [8, 16]) {
      await withGarbage(server, async (open, folder) => {
        const { code } = await collectWith(open, folder, ({ call }) => (call >= from ? "unreachable" : undefined));
        expect(code).toBe("STORE_UNREACHABLE");
        await expectRecovery(open, folder);
      });
    }
  },
  deadlineMs,
);

test(
  "a collection that is not shown what was written before it, by listings that lag, loses nothing",
  async () => {
    await using server = await startS3Server();
    for (const hidden of ["packs/", "points/", "plans/"]) {
      await withGarbage(server, async (open, folder) => {
        await collectWith(
          open,
          folder,
          () => undefined,
          (name) => name.startsWith(hidden),
        );
        await expectRecovery(open, folder);
      });
    }
  },
  deadlineMs,
);

test(
  "damage in a bucket goes into quarantine, whichever write of it fails or is never answered",
  async () => {
    await using server = await startS3Server();
    let runs = 0;
    for (let failing = 1, isHit = true; isHit; failing += isSoak ? 1 : 3) {
      runs += 1;
      await using folder = await temporaryFolder();
      const open = await newRepository(server);
      const fault = failing % 2 === 0 ? "lost" : "unreachable";
      const { writes, code } = await verifyFailing(await open(), folder.path, { failing, fault });
      isHit = writes === failing;
      expect(code).toBe(isHit ? "STORE_UNREACHABLE" : undefined);
      await using next = await ownRepository(await open(), { ...optionsOf(folder.path), indexPath: inMemory });
      await expectAllFound(next, await openVerifying(next));
      await using bare = await open();
      expect(await Array.fromAsync(bare.list(quarantineFolder))).toHaveLength(damagedSeeds.length);
    }
    expect(runs).toBeGreaterThan(2);
  },
  deadlineMs,
);
