import type { FakeClock } from "@holdfast/shared/clock/fake-clock";
import { sha256, toHex } from "@holdfast/shared/format/content-id";
import { encodeManifest } from "@holdfast/shared/format/manifest";
import { type ClearPart, noStatistics } from "@holdfast/shared/format/manifest-schema";
import { decodePage, encodePage } from "@holdfast/shared/format/page";
import { parseRecord } from "@holdfast/shared/format/record";
import { encodeRecordHeader, type RecordKind, recordHeaderSize } from "@holdfast/shared/format/record-header";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { InlineThread } from "@holdfast/shared/threads/inline-thread";
import { inMemory } from "../../index/index-database.ts";
import type { IngestCalls } from "../../ingest/ingest-calls.ts";
import { createRepositoryOn, ownRepository } from "../../store/open-repository-store.ts";
import { packEntrySize } from "../../store/pack-contents.ts";
import { PackSet } from "../../store/pack-set.ts";
import type { PendingPack, RepositoryStore } from "../../store/repository-store.ts";
import { inlineThreads } from "../../store/testing/inline-threads.ts";
import { MemoryObjectStore } from "../../store/testing/memory-object-store.ts";
import { type Collecting, openCollecting } from "./collecting.ts";

export const dayMs = 24 * 3_600_000;
const chunkSize = 256 * 1024;
const chunksOfDisk = 6;
/** Bytes stored of a chunk: enough that headers do not matter much. */
const storedBytes = 2048;

/** Ids of synthetic chunks are made from their seeds and not from 256 KiB of content each, so nobody may compare the two here. */
const trusting: IngestCalls = {
  check: ({ record }) => {
    const { header, stored } = parseRecord(record);
    return { record, page: header.kind === "page" ? decodePage(stored) : undefined };
  },
};

/** A repository in memory, and what surrounds it, on a fake clock. */
export interface Nights extends AsyncDisposable {
  readonly store: RepositoryStore;
  readonly collecting: Collecting;
  readonly objects: MemoryObjectStore;
}

/** Makes and owns it; a removed point can be brought back for 72 hours. */
export const openNights = async (clock: FakeClock): Promise<Nights> => {
  const objects = new MemoryObjectStore();
  await createRepositoryOn(objects, { chunkSize, installationId: "test", clock, random: systemRandom });
  const threads = { index: inlineThreads.index, ingest: () => new InlineThread(trusting) };
  const store = await ownRepository(objects, {
    indexPath: inMemory,
    owner: "test",
    clock,
    random: systemRandom,
    ingestThreads: 1,
    packTargetBytes: 256 * 1024,
    threads,
  });
  const collecting = await openCollecting(store, { clock, undeletePeriodMs: 3 * dayMs });
  return { store, collecting, objects, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
};

/** A VM as it is now: the seeds of its disk's chunks. */
export interface NightlyVm {
  readonly vmId: string;
  readonly seeds: number[];
  /** Its points that are not marked removed, oldest first. */
  readonly points: { readonly pointId: string; readonly night: number; readonly seeds: readonly number[] }[];
}

export const makeVms = (count: number, nextSeed: () => number): NightlyVm[] =>
  Array.from({ length: count }, (_, vm) => ({
    vmId: `vm${vm}`,
    seeds: Array.from({ length: chunksOfDisk }, nextSeed),
    points: [],
  }));

/** Some of its chunks are written: mostly the same few. */
export const changeVm = ({ seeds }: NightlyVm, random: () => number, nextSeed: () => number): void => {
  for (let change = 0; change < 2; change += 1) {
    const reach = random() < 0.7 ? 3 : chunksOfDisk;
    seeds[Math.floor(random() * reach)] = nextSeed();
  }
};

const ids = new Map<number, Uint8Array>();

const idOf = (seed: number): Uint8Array => {
  const id = ids.get(seed) ?? sha256(Buffer.from(`chunk ${seed}`));
  ids.set(seed, id);
  return id;
};

const plainOf = (seed: number): Uint8Array => Buffer.alloc(storedBytes, idOf(seed));

const leafOf = (seeds: readonly number[]): ReturnType<typeof encodePage> =>
  encodePage({ level: 0, ids: Buffer.concat(seeds.map(idOf)) });

/** Backs up some VMs together, as a night does: their records share packs. */
export const backUp = async (
  { store, collecting }: Nights,
  vms: readonly NightlyVm[],
  { night, nowMs }: { readonly night: number; readonly nowMs: number },
): Promise<void> => {
  const pending = new Set<PendingPack>();
  const uses = new PackSet();
  const put = async (kind: RecordKind, id: Uint8Array, plain: Uint8Array): Promise<void> => {
    const header = encodeRecordHeader({
      repositoryId: store.facts.repositoryId,
      kind,
      id,
      codec: "stored",
      plainLength: plain.byteLength,
      storedLength: plain.byteLength,
      storedHash: sha256(plain),
      idHash: "sha256",
      seal: undefined,
    });
    const appended = await store.append(await store.check(Buffer.concat([header, plain])), uses);
    if (appended.pending) pending.add(appended.pending);
  };
  for (const { seeds, points } of vms) {
    const before = new Set(points.at(-1)?.seeds);
    for (const seed of seeds) if (!before.has(seed)) await put("chunk", idOf(seed), plainOf(seed));
    const leaf = leafOf(seeds);
    await put("page", leaf.id, leaf.bytes);
  }
  await store.settle(pending);
  for (const vm of vms) {
    const attempt = { taskId: `${vm.vmId}n${night}`, number: 1, attemptId: "a" };
    await store.openAttempt(attempt);
    const clear = clearPart(vm, attempt, nowMs);
    const manifest = encodeManifest({ repositoryId: store.facts.repositoryId, clear, sealed });
    const counted = { deduplicatedBytes: 0, storedBytes: 0, packedBytes: 0 };
    collecting.catalog.add(await store.commitPoint(attempt, manifest, counted));
    vm.points.push({ pointId: attempt.taskId, night, seeds: [...vm.seeds] });
  }
};

const sealed = {
  schema: 1 as const,
  vmName: "vm",
  jobName: "nightly",
  managerName: "",
  clusterName: "",
  diskAliases: {},
  ovf: "",
  configurationJson: "{}",
};

const clearPart = (vm: NightlyVm, attempt: ClearPart["attempt"], nowMs: number): ClearPart => ({
  schema: 1,
  attempt,
  vm: { engineInstanceId: "engine", vmId: vm.vmId },
  installationId: "test",
  jobId: "nightly",
  sessionId: "session",
  basePointId: vm.points.at(-1)?.pointId ?? null,
  origin: null,
  chunkSize,
  sessionStartedMs: nowMs,
  capturedMs: nowMs,
  calendarDay: "",
  checkpointId: null,
  capture: "hybrid",
  consistency: "crash",
  disks: [
    {
      diskId: "disk",
      sizeBytes: chunksOfDisk * chunkSize,
      root: toHex(leafOf(vm.seeds).id),
      mode: "incremental",
      reason: "",
      format: "cow",
      interface: "virtio",
      bootable: true,
      active: true,
      granularityBytes: null,
    },
  ],
  statistics: noStatistics,
});

/** A page of a whole disk: its header, and an id for each chunk. */
const pageBytes = 8 + chunksOfDisk * 32;

/** Bytes of the records that points need, each once, told by what was backed up and not by the repository. */
export const liveBytes = (points: Iterable<{ readonly seeds: readonly number[] }>): number => {
  const chunks = new Set<number>();
  const leaves = new Map<string, number>();
  for (const { seeds } of points) {
    for (const seed of seeds) chunks.add(seed);
    leaves.set(seeds.join(), pageBytes);
  }
  const perRecord = recordHeaderSize + packEntrySize;
  let bytes = chunks.size * (storedBytes + perRecord);
  for (const size of leaves.values()) bytes += size + perRecord;
  return bytes;
};

/** Bytes of all packs. */
export const storedInPacks = async ({ objects }: Nights): Promise<number> => {
  let bytes = 0;
  for await (const name of objects.list("packs")) bytes += await objects.sizeOf(name);
  return bytes;
};
