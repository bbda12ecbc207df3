import { mkdir, readdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { ChunkSize } from "@holdfast/shared/format/chunk-size";
import { newRepositoryId, type RepositoryId } from "@holdfast/shared/format/repository-id";
import type { RepositoryKeys } from "@holdfast/shared/format/repository-keys";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import { GuardedClock } from "../clock/guarded-clock.ts";
import { keysOf, type NewKeys, unlock } from "@holdfast/shared/keys/master-key";
import type { KeyProof } from "@holdfast/shared/keys/wrap-key";
import { lockOfNewObject } from "../locks/lock-times.ts";
import { inMemory } from "../index/index-database.ts";
import { currentFormatVersion, readDescriptor, writeDescriptor } from "./descriptor.ts";
import { systemFiles } from "./durable-files.ts";
import { takeEpoch } from "./epoch.ts";
import { appendKeyList, readKeyLog, requireKeyList } from "./key-log.ts";
import { epochOfName } from "./object-names.ts";
import type { ObjectStore } from "./object-store.ts";
import { openObjectStore, type OpenStoreOptions } from "./open-object-store.ts";
import { OwnedRepository } from "./owned-repository.ts";
import { Ownership } from "./ownership.ts";
import { probeStore, requireFit, type StoreFitness } from "./probe-store.ts";
import { PlanLog } from "./plan-log.ts";
import { PointObjects } from "./points.ts";
import { refreshReader } from "./refresh-reader.ts";
import { openReadingParts, RepositoryReading } from "./repository-reading.ts";
import type { RepositoryFacts, RepositoryReader, RepositoryStore } from "./repository-store.ts";
import { noReserve, type SpaceReserve } from "./space-reserve.ts";
import { parseLocation, type StoreLocation } from "./store-location.ts";
import { type StoreThreads, workerThreads } from "./store-threads.ts";
import { lockingStore } from "./wrappers/locking-store.ts";
import { toStorageError } from "./storage-error.ts";
import { TaskCommits } from "./task-commits.ts";

/** What creating a repository needs. */
export interface CreateRepositoryOptions extends OpenStoreOptions {
  readonly chunkSize: ChunkSize;
  /** Empty on a bare directory. */
  readonly installationId: string;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Told what a bucket was seen to do, before anything is made in it. */
  readonly onProbed?: ((fitness: StoreFitness) => void) | undefined;
  /** Makes the keys of a repository that is to be encrypted; it is not unless set. */
  readonly makeKeys?: (repositoryId: RepositoryId) => Promise<NewKeys>;
}

/** What owning a repository needs. */
export interface OpenRepositoryOptions extends OpenStoreOptions {
  /** The index's file, on a path of its own; it may be lost at any time. */
  readonly indexPath: string;
  /** Who owns it, for people: host name and program. */
  readonly owner: string;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Threads that check records; 2 unless set. */
  readonly ingestThreads?: number;
  /** Bytes at which a pack is sealed; 48 MiB unless set, between 32 and 60 MiB outside tests. */
  readonly packTargetBytes?: number;
  /** Worker threads unless set. */
  readonly threads?: StoreThreads;
  /** How long nobody may remove a point that is committed by this owner; no such time unless set. */
  readonly immutabilityMs?: number | undefined;
  /** Room that deletion may use when the disk is full; none unless set. */
  readonly reserve?: SpaceReserve;
}

/** What reading a bare repository needs. */
export interface ReadRepositoryOptions extends OpenStoreOptions {
  /** A file for the index; in memory unless set. */
  readonly indexPath?: string;
  /** Worker threads unless set. */
  readonly threads?: StoreThreads;
  /** What opens an encrypted repository; without, only what needs no key can be read. */
  readonly proof?: KeyProof | undefined;
  /** False for who only looks at points: packs are not read, and no record is found. */
  readonly records?: boolean;
  /** Told after each pack that is read for the index. */
  readonly onPack?: (done: number, total: number) => void;
}

const defaultPackTargetBytes = 48 * 1024 * 1024;
const defaultIngestThreads = 2;

/**
 * Makes a repository in a folder that is empty or absent, or in a bucket that has none under its prefix and was seen to do what a
 * repository relies on. ALREADY_EXISTS, STORE_UNFIT.
 */
export const createRepository = async (
  location: StoreLocation,
  options: CreateRepositoryOptions,
): Promise<RepositoryFacts> => {
  const place = parseLocation(location);
  if (place.kind === "folder") await makeEmptyDirectory(place.path);
  await using objects = await openObjectStore(location, options);
  if (place.kind === "bucket") await requireFitBucket(objects, options);
  return await createRepositoryOn(objects, options);
};

const requireFitBucket = async (
  objects: ObjectStore,
  options: Pick<CreateRepositoryOptions, "clock" | "random" | "onProbed">,
  signal?: AbortSignal,
): Promise<void> => {
  const fitness = await probeStore(objects, options, signal);
  options.onProbed?.(fitness);
  requireFit(fitness);
};

/** The same on any object store without a descriptor. */
export const createRepositoryOn = async (
  objects: ObjectStore,
  { chunkSize, installationId, clock, random, makeKeys }: CreateRepositoryOptions,
): Promise<RepositoryFacts> => {
  const repositoryId = newRepositoryId(random);
  const keys = await makeKeys?.(repositoryId);
  const facts: RepositoryFacts = {
    repositoryId,
    formatVersion: currentFormatVersion,
    chunkSize,
    installationId,
    createdMs: clock.nowMs(),
    ...(keys === undefined ? {} : { encryption: keys.encryption }),
  };
  // Keys first: what the descriptor calls encrypted can be opened.
  if (keys !== undefined)
    for (const list of [keys.keyList, keys.twin])
      await appendKeyList(objects, list, { repositoryId, epoch: 0, writtenMs: facts.createdMs });
  await writeDescriptor(objects, facts);
  return facts;
};

/**
 * Owns the repository at a location: creates the next epoch, removes what former owners left unfinished, brings the index to
 * what the packs are. A bucket is probed first. NOT_FOUND when there is none, FEATURE_UNSUPPORTED, SCHEMA_TOO_NEW, STORE_UNFIT, IO_FAILED.
 */
export const openRepositoryStore = async (
  location: StoreLocation,
  options: OpenRepositoryOptions,
  signal?: AbortSignal,
): Promise<RepositoryStore> => {
  await using opened = new AsyncDisposableStack();
  const objects = opened.use(await openObjectStore(location, options));
  if (parseLocation(location).kind === "bucket") await requireFitBucket(objects, options, signal);
  const store = await ownRepository(objects, options, signal);
  opened.move();
  return store;
};

/** The same on any object store, which it takes over. */
export const ownRepository = async (
  given: ObjectStore,
  options: OpenRepositoryOptions,
  signal?: AbortSignal,
): Promise<RepositoryStore> => {
  const { indexPath, clock } = options;
  const objects = lockedAsWritten(given, options);
  const facts = await readDescriptor(objects, ["read", "write", "verify"]);
  // Own first, list afterwards (I11): what a former owner acknowledged is durable before our epoch was.
  const { repositoryId } = facts;
  const { packTargetBytes = defaultPackTargetBytes, immutabilityMs, reserve = noReserve } = options;
  const epoch = await reserve.whenFull(() => takeEpoch(objects, { ...options, repositoryId }));
  await objects.removeLeftovers((name) => (epochOfName(name) ?? epoch.epoch) < epoch.epoch, { signal });
  const ownership = new Ownership(objects, epoch.epoch);
  const guardedClock = await GuardedClock.open({ objects, repositoryId, ownership, clock, reserve });
  const plans = await PlanLog.read({ objects, repositoryId, owner: true });
  const points = new PointObjects({ objects, repositoryId, plans });
  const lock = { guardedClock, immutabilityMs };
  const tasks = new TaskCommits({ objects, repositoryId, points, ownership, clock, ...lock });
  // What is there now is decided; what a former owner adds from here on is not (C9), nor can it condemn anything (G10).
  await reserve.whenFull(() => tasks.adopt());
  await reserve.whenFull(() => plans.close({ epoch: epoch.epoch, clock }));
  // A still later owner may have decided about points before our plan was there.
  await ownership.assertOwned();
  const { ingestThreads = defaultIngestThreads, threads = workerThreads } = options;
  const reading = { facts, objects, plans, indexPath, ingestThreads, threads, owner: true, signal };
  const parts = await openReadingParts(reading);
  await using opened = new AsyncDisposableStack();
  const guard = { guardedClock, reserve };
  const store = opened.use(
    new OwnedRepository({ parts, tasks, ownership, clock, indexPath, packTargetBytes, ...guard }),
  );
  await parts.index.setHistory(epoch);
  await finishPlans(store);
  opened.move();
  return store;
};

/** What cannot be removed now, because the disk is full or out of order, is absent all the same: the next collection removes it. */
const finishPlans = async ({ collection }: RepositoryStore): Promise<void> => {
  try {
    if (collection.hasUnfinished) await collection.finish(() => undefined);
  } catch (caught) {
    if (!(caught instanceof HoldfastError) || caught.code === "REPOSITORY_NOT_OWNED") throw caught;
  }
};

/** Where the storage can lock, what immutable points need is locked from its first moment. */
const lockedAsWritten = (objects: ObjectStore, { clock, immutabilityMs }: OpenRepositoryOptions): ObjectStore =>
  objects.retention === undefined || immutabilityMs === undefined
    ? objects
    : lockingStore(objects, (name) => lockOfNewObject(name, clock.nowMs(), immutabilityMs));

/** Opens a bare repository for listing, verifying and restoring; nothing in it is written or needs an owner. */
export const openRepositoryReader = async (
  location: StoreLocation,
  options: ReadRepositoryOptions = {},
  signal?: AbortSignal,
): Promise<RepositoryReader> => {
  await using opened = new AsyncDisposableStack();
  const objects = opened.use(await openObjectStore(location, options));
  const facts = await readDescriptor(objects, ["read", "verify"]);
  const keys = options.proof === undefined ? undefined : await openKeys(objects, facts, options.proof);
  const indexPath = options.indexPath ?? inMemory;
  const ingestThreads = defaultIngestThreads;
  const threads = options.threads ?? workerThreads;
  const plans = await PlanLog.read({ objects, repositoryId: facts.repositoryId, owner: false });
  const { records, onPack } = options;
  const threading = { ingestThreads, threads };
  const reading = { facts, objects, plans, indexPath, ...threading, owner: false, keys, signal, records, onPack };
  const parts = await openReadingParts(reading);
  opened.move();
  return new RepositoryReading(parts, refreshReader(parts));
};

/** The keys of an encrypted repository; none where nothing is encrypted. KEY_WRONG. */
const openKeys = async (
  objects: ObjectStore,
  { repositoryId, encryption }: RepositoryFacts,
  proof: KeyProof,
): Promise<RepositoryKeys | undefined> => {
  if (encryption === undefined) return undefined;
  const list = requireKeyList(repositoryId, await readKeyLog(objects, repositoryId));
  return keysOf(await unlock({ repositoryId, encryption }, list, proof), list);
};

const makeEmptyDirectory = async (directory: string): Promise<void> => {
  let entries: readonly string[];
  try {
    await mkdir(directory, { recursive: true, mode: 0o750 });
    entries = await readdir(directory);
    await systemFiles.syncDirectory(dirname(resolve(directory)));
  } catch (caught) {
    throw toStorageError(caught, `making ${directory}`);
  }
  const foreign = entries.filter((entry) => entry !== "lost+found" && entry !== "tmp");
  if (foreign.length > 0) throw new HoldfastError("ALREADY_EXISTS", `${directory} is not empty`);
};
