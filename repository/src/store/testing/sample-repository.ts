import { noStatistics } from "@holdfast/shared/format/manifest-schema";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@holdfast/shared/clock/clock";
import { chunkIdOf } from "@holdfast/shared/format/chunk-id";
import type { ChunkSize } from "@holdfast/shared/format/chunk-size";
import { toHex } from "@holdfast/shared/format/content-id";
import { encodeManifest } from "@holdfast/shared/format/manifest";
import type { AttemptRef, ClearPart, SealedPart } from "@holdfast/shared/format/manifest-schema";
import { encodePage } from "@holdfast/shared/format/page";
import { buildTree } from "@holdfast/shared/format/page-tree";
import { encodeRecord } from "@holdfast/shared/format/record";
import type { RecordKind } from "@holdfast/shared/format/record-header";
import type { RepositoryId } from "@holdfast/shared/format/repository-id";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { PackSet } from "../pack-set.ts";
import { createRepository } from "../open-repository-store.ts";
import type { Appended, PendingPack, RepositoryFacts, RepositoryStore, StoredPoint } from "../repository-store.ts";

/** A short temporary folder that is gone when disposed of. */
export const temporaryFolder = async (): Promise<{ readonly path: string } & AsyncDisposable> => {
  const path = await mkdtemp(join(tmpdir(), "hf-"));
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      await rm(path, { recursive: true, force: true });
    },
  };
};

/** Chunk size of test repositories. */
export const testChunkSize: ChunkSize = 256 * 1024;

/** A repository of small chunks in `directory`. */
export const createSample = async (directory: string): Promise<RepositoryFacts> =>
  await createRepository(directory, {
    chunkSize: testChunkSize,
    installationId: "test",
    clock: systemClock,
    random: systemRandom,
  });

/** How tests own a repository. */
export const sampleOptions = (indexPath: string) => ({
  indexPath,
  owner: "test",
  clock: systemClock,
  random: systemRandom,
  ingestThreads: 1,
});

/** Bytes that the same seed always gives; they compress to about half. */
export const sampleChunk = (seed: number, size: number = testChunkSize): Uint8Array => {
  const bytes = new Uint8Array(size);
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  for (let index = 0; index < size; index += 2) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
};

/** One record in one piece, as it arrives. */
export const sampleRecord = (
  repositoryId: RepositoryId,
  kind: RecordKind,
  id: Uint8Array,
  plain: Uint8Array,
): Uint8Array => {
  const { header, stored } = encodeRecord({ repositoryId, kind, id, plain, compression: "zstd" });
  return new Uint8Array(Buffer.concat([header, stored]));
};

/** Checks and appends a chunk or page. */
export const putPlain = async (
  store: RepositoryStore,
  kind: RecordKind,
  id: Uint8Array,
  plain: Uint8Array,
): Promise<Appended> => {
  const { repositoryId } = store.facts;
  return await store.append(await store.check(sampleRecord(repositoryId, kind, id, plain)), new PackSet());
};

/** What a test backs up: one disk of at most one leaf, told by the seeds of its chunks; 0 is a chunk of zeros. */
export interface SampleBackup {
  readonly attempt: AttemptRef;
  readonly seeds: readonly number[];
  /** Takes the packs of all that it is told is there, for whom a collection has to spare them. */
  readonly uses?: PackSet;
}

const clearPart = (store: RepositoryStore, { attempt, seeds }: SampleBackup, root: Uint8Array): ClearPart => ({
  schema: 1,
  attempt,
  vm: { engineInstanceId: "engine", vmId: "vm" },
  installationId: "test",
  jobId: "job",
  sessionId: "session",
  basePointId: null,
  origin: null,
  chunkSize: store.facts.chunkSize,
  sessionStartedMs: 1,
  capturedMs: 2,
  calendarDay: "2026-01-31",
  checkpointId: null,
  capture: "hybrid",
  consistency: "crash",
  disks: [
    {
      diskId: "disk",
      sizeBytes: seeds.length * store.facts.chunkSize,
      root: toHex(root),
      mode: "full",
      reason: "no-base",
      format: "cow",
      interface: "virtio_scsi",
      bootable: true,
      active: true,
      granularityBytes: null,
    },
  ],
  statistics: noStatistics,
});

const sealedPart: SealedPart = {
  schema: 1,
  vmName: "vm",
  jobName: "job",
  managerName: "manager",
  clusterName: "cluster",
  diskAliases: { disk: "root" },
  ovf: "<ovf/>",
  configurationJson: "{}",
};

const plainOf = (seed: number): Uint8Array => (seed === 0 ? new Uint8Array(testChunkSize) : sampleChunk(seed));

/** Sends chunks and pages of a backup; answers its root and the packs that it depends on. */
export const sendSample = async (
  store: RepositoryStore,
  { seeds, uses = new PackSet() }: SampleBackup,
): Promise<{ readonly root: Uint8Array; readonly packs: ReadonlySet<PendingPack> }> => {
  const packs = new Set<PendingPack>();
  const put = async (kind: RecordKind, id: Uint8Array, plain: Uint8Array): Promise<void> => {
    const record = sampleRecord(store.facts.repositoryId, kind, id, plain);
    const { pending } = await store.append(await store.check(record), uses);
    if (pending !== undefined) packs.add(pending);
  };
  const ids: Uint8Array[] = [];
  for (const seed of seeds) {
    const plain = plainOf(seed);
    const id = chunkIdOf(plain, testChunkSize);
    if (seed !== 0) await put("chunk", id, plain);
    ids.push(id);
  }
  const leaf = encodePage({ level: 0, ids: Buffer.concat(ids) });
  if (leaf.bytes.byteLength > 0) await put("page", leaf.id, leaf.bytes);
  return { root: buildTree(leaf.id).root, packs };
};

/** A whole backup: open, send, settle, commit. */
export const commitSample = async (store: RepositoryStore, backup: SampleBackup): Promise<StoredPoint> => {
  const opened = await store.openAttempt(backup.attempt);
  if (opened.state === "committed") return opened.point;
  const { root, packs } = await sendSample(store, backup);
  await store.settle(packs);
  const { repositoryId } = store.facts;
  const manifest = encodeManifest({ repositoryId, clear: clearPart(store, backup, root), sealed: sealedPart });
  return await store.commitPoint(backup.attempt, manifest, { deduplicatedBytes: 0, storedBytes: 0, packedBytes: 0 });
};

/** An attempt of a task, its random id made from its number. */
export const sampleAttempt = (taskId: string, number = 1): AttemptRef => ({
  taskId,
  number,
  attemptId: `try${number}`,
});
