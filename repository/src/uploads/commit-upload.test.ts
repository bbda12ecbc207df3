import { systemClock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { encodeManifest } from "@holdfast/shared/format/manifest";
import { type ClearPart, noStatistics } from "@holdfast/shared/format/manifest-schema";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { silentLogger as log } from "@holdfast/shared/logging/silent-logger";
import { expect, it } from "vitest";
import { Catalog } from "../catalog/catalog.ts";
import { inMemory } from "../index/index-database.ts";
import type { Published } from "../store/object-store.ts";
import { createRepositoryOn, ownRepository } from "../store/open-repository-store.ts";
import { inlineThreads } from "../store/testing/inline-threads.ts";
import { MemoryObjectStore } from "../store/testing/memory-object-store.ts";
import { sampleOptions, testChunkSize } from "../store/testing/sample-repository.ts";
import { commitUpload } from "./commit-upload.ts";
import { Uploads, type UploadsDeps } from "./uploads.ts";

/** A storage that writes the objects of points, and then does not say so. */
class DoubtfulMemory extends MemoryObjectStore {
  override async putIfAbsent(name: string, bytes: Uint8Array): Promise<Published> {
    const published = await super.putIfAbsent(name, bytes);
    if (name.endsWith(".point")) throw new HoldfastError("IO_FAILED", "the answer was lost");
    return published;
  }
}

const attempt = { taskId: "t", number: 1, attemptId: "a" };
const vm = { engineInstanceId: "engine", vmId: "vm" };

const clear: ClearPart = {
  schema: 1,
  attempt,
  vm,
  installationId: "",
  jobId: "job",
  sessionId: "session",
  basePointId: null,
  origin: null,
  chunkSize: testChunkSize,
  sessionStartedMs: 1,
  capturedMs: 2,
  calendarDay: "",
  checkpointId: null,
  capture: "hybrid",
  consistency: "crash",
  disks: [],
  statistics: noStatistics,
};

const sealed = {
  schema: 1 as const,
  vmName: "vm",
  jobName: "job",
  managerName: "",
  clusterName: "",
  diskAliases: {},
  ovf: "",
  configurationJson: "{}",
};

const pack = { epoch: 1, sequence: 7 };

const isUsed = (uploads: Uploads): boolean => {
  using watch = uploads.watchUses();
  return [...watch.uses].some((packs) => packs.has(pack));
};

it("holds what a commit uses when nobody knows whether its point was written, until the task has one (G7)", async () => {
  const objects = new DoubtfulMemory();
  const { repositoryId } = await createRepositoryOn(objects, {
    chunkSize: testChunkSize,
    installationId: "",
    clock: systemClock,
    random: systemRandom,
  });
  await using store = await ownRepository(objects, { ...sampleOptions(inMemory), threads: inlineThreads });
  const deps: UploadsDeps = { clock: systemClock, random: systemRandom, log, silenceMs: 60_000 };
  const uploads = new Uploads(deps);
  const catalog = await Catalog.load(store);
  await store.openAttempt(attempt);
  const upload = uploads.open({ attempt, vm, keyId: "key", base: undefined, origin: undefined, heal: [], absences: 0 });
  upload.uses.packs.add(pack);
  const manifest = encodeManifest({ repositoryId, clear, sealed });
  await expect(commitUpload({ store, catalog, uploads }, upload, manifest)).rejects.toMatchObject({
    code: "IO_FAILED",
  });
  upload.end(new HoldfastError("UPLOAD_UNKNOWN", "the writer left"));
  expect(isUsed(uploads)).toBe(true);
  // Asked again, the task has its point after all.
  const answer = await store.openAttempt(attempt);
  if (answer.state !== "committed") throw new Error("the point was not found");
  catalog.add(answer.point);
  uploads.forgetUses((taskId) => catalog.get(taskId) !== undefined);
  expect(isUsed(uploads)).toBe(false);
});
