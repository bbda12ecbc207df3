import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import { inMemory } from "../../index/index-database.ts";
import { DirectoryObjectStore } from "../../store/directory-object-store.ts";
import { pointName } from "../../store/object-names.ts";
import { createRepository, openRepositoryStore } from "../../store/open-repository-store.ts";
import { encodePointObject } from "../../store/point-object.ts";
import type { RepositoryStore } from "../../store/repository-store.ts";
import { inlineThreads } from "../../store/testing/inline-threads.ts";
import { fixedClock, fixedRandom } from "./fixed.ts";
import { diskDigest, goldenChunkSize, goldenDisks } from "./golden-disks.ts";
import { goldenDamage } from "./golden-damage.ts";
import { GoldenKeys } from "./golden-keys.ts";
import { type GoldenSealing, sendGoldenPoint, writeGoldenPoint } from "./write-golden.ts";

/** Points of the good repository that count, and the VM of each. */
const listed = { a1: "a", a2: "a", b1: "b" } as const;

/** Makes all golden repositories below a folder: the same bytes every time. */
export const makeGolden = async (folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true });
  await makeSound(join(folder, "good"), fixedRandom("good"));
  await writeJson(join(folder, "good.json"), { points: expectedPoints() });
  const keys = await makeSealed(join(folder, "sealed"));
  const { password, recoveryKey } = keys;
  await writeJson(join(folder, "sealed.json"), { password, recoveryKey, points: expectedPoints() });
  for (const { name, of, expected, damage } of goldenDamage) {
    await cp(join(folder, of), join(folder, name), { recursive: true });
    await damage(join(folder, name), of === "sealed" ? keys.idKey : undefined);
    await writeJson(join(folder, `${name}.json`), expected);
  }
};

/** What every sound reader makes of both. */
const expectedPoints = (): object =>
  Object.entries(listed).map(([pointId, vmId]) => ({
    pointId,
    vmId,
    disks: goldenDisks[pointId]?.map((disk) => ({
      diskId: disk.diskId,
      sizeBytes: disk.sizeBytes,
      sha256: diskDigest(disk),
    })),
  }));

const attemptOf = (taskId: string, number = 1) => ({ taskId, number, attemptId: `try${number}` });

const makeSealed = async (root: string): Promise<GoldenKeys> => {
  const random = fixedRandom("sealed");
  const keys = new GoldenKeys(root, random);
  await makeSound(root, random, keys);
  return keys;
};

const makeSound = async (root: string, random: RandomBytes, keys?: GoldenKeys): Promise<void> => {
  const clock = fixedClock();
  const options = { indexPath: inMemory, owner: "golden", clock, random, threads: inlineThreads };
  const making = keys === undefined ? {} : { makeKeys: keys.make };
  await createRepository(root, { chunkSize: goldenChunkSize, installationId: "golden", clock, random, ...making });
  {
    const sealing = await keys?.sealing();
    await using store = await openRepositoryStore(root, options);
    await writeGoldenPoint(store, { attempt: attemptOf("a1"), vmId: "a", base: null, sealing });
    await writeGoldenPoint(store, { attempt: attemptOf("removed"), vmId: "b", base: null, sealing });
    await leaveOrphan(root, store, sealing);
  }
  // What was sealed before stays under the former key.
  await keys?.rotate(clock);
  const sealing = await keys?.sealing();
  await using store = await openRepositoryStore(root, options);
  await store.fence(attemptOf("orphan", 2));
  await store.openAttempt(attemptOf("a2"));
  await writeGoldenPoint(store, { attempt: attemptOf("a2", 2), vmId: "a", base: "a1", sealing });
  await writeGoldenPoint(store, { attempt: attemptOf("b1"), vmId: "b", base: null, sealing });
  const removed = { atMs: clock.nowMs(), reason: "by hand", belowFloor: true };
  await store.writeMark("removed", (state) => ({ ...state, removed }));
  // `tmp` is a directory's own affair, and version control keeps no empty folders.
  await rm(join(root, "tmp"), { recursive: true });
};

/** A point's object of an attempt that a fence of the same owner had retired: it was never acknowledged. */
const leaveOrphan = async (root: string, store: RepositoryStore, sealing: GoldenSealing | undefined): Promise<void> => {
  const attempt = attemptOf("orphan");
  await store.openAttempt(attempt);
  const manifest = await sendGoldenPoint(store, { attempt, vmId: "b", base: null, sealing });
  await store.fence(attempt);
  const counted = { deduplicatedBytes: 0, storedBytes: 0, packedBytes: 0 };
  const commit = { schema: 1, attempt, committedMs: 1, immutableUntilMs: null, epoch: store.epoch, counted } as const;
  const name = pointName(attempt.taskId, { attempt: 1, epoch: store.epoch });
  await using objects = new DirectoryObjectStore(root);
  await objects.putIfAbsent(name, encodePointObject(store.facts.repositoryId, commit, manifest));
};

const writeJson = async (path: string, value: unknown): Promise<void> => {
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
};
