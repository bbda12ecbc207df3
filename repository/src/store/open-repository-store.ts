import { mkdir, readdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { ChunkSize } from "@holdfast/shared/format/chunk-size";
import { newRepositoryId, type RepositoryId } from "@holdfast/shared/format/repository-id";
import type { RepositoryKeys } from "@holdfast/shared/format/repository-keys";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import { keysOf, type NewKeys, unlock } from "@holdfast/shared/keys/master-key";
import type { KeyProof } from "@holdfast/shared/keys/wrap-key";
import { inMemory } from "../index/index-database.ts";
import { currentFormatVersion, readDescriptor, writeDescriptor } from "./descriptor.ts";
import { DirectoryObjectStore } from "./directory-object-store.ts";
import { systemFiles } from "./durable-files.ts";
import { takeEpoch } from "./epoch.ts";
import { appendKeyList, readKeyList } from "./key-log.ts";
import type { ObjectStore } from "./object-store.ts";
import { OwnedRepository } from "./owned-repository.ts";
import { Ownership } from "./ownership.ts";
import { openReadingParts, RepositoryReading } from "./repository-reading.ts";
import type { RepositoryFacts, RepositoryReader, RepositoryStore } from "./repository-store.ts";
import { type StoreThreads, workerThreads } from "./store-threads.ts";
import { toStorageError } from "./storage-error.ts";

/** What creating a repository needs. */
export interface CreateRepositoryOptions {
  readonly chunkSize: ChunkSize;
  /** Empty on a bare directory. */
  readonly installationId: string;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Makes the keys of a repository that is to be encrypted; it is not unless set. */
  readonly makeKeys?: (repositoryId: RepositoryId) => Promise<NewKeys>;
}

/** What owning a repository needs. */
export interface OpenRepositoryOptions {
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
}

/** What reading a bare repository needs. */
export interface ReadRepositoryOptions {
  /** A file for the index; in memory unless set. */
  readonly indexPath?: string;
  /** What opens an encrypted repository; without, only what needs no key can be read. */
  readonly proof?: KeyProof | undefined;
}

const defaultPackTargetBytes = 48 * 1024 * 1024;
const defaultIngestThreads = 2;

/** Makes a repository in a directory that is empty or absent; ALREADY_EXISTS otherwise. */
export const createRepository = async (
  directory: string,
  options: CreateRepositoryOptions,
): Promise<RepositoryFacts> => {
  await makeEmptyDirectory(directory);
  await using objects = new DirectoryObjectStore(directory, { random: options.random });
  return await createRepositoryOn(objects, options);
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
    await appendKeyList(objects, keys.keyList, { repositoryId, epoch: 0, writtenMs: facts.createdMs });
  await writeDescriptor(objects, facts);
  return facts;
};

/**
 * Owns the repository in a directory: creates the next epoch, removes what former owners left unfinished, brings the index to
 * what the packs are. NOT_FOUND when there is none, FEATURE_UNSUPPORTED, SCHEMA_TOO_NEW, IO_FAILED.
 */
export const openRepositoryStore = async (
  directory: string,
  options: OpenRepositoryOptions,
  signal?: AbortSignal,
): Promise<RepositoryStore> => await ownRepository(new DirectoryObjectStore(directory, options), options, signal);

/** The same on any object store, which it takes over. */
export const ownRepository = async (
  objects: ObjectStore,
  options: OpenRepositoryOptions,
  signal?: AbortSignal,
): Promise<RepositoryStore> => {
  const { indexPath, clock } = options;
  const facts = await readDescriptor(objects, ["read", "write", "verify"]);
  // Own first, list afterwards (I11): what a former owner acknowledged is durable before our epoch was.
  const epoch = await takeEpoch(objects, { ...options, repositoryId: facts.repositoryId });
  await objects.removeLeftovers();
  const { ingestThreads = defaultIngestThreads, threads = workerThreads } = options;
  const parts = await openReadingParts({ facts, objects, indexPath, ingestThreads, threads, owner: true, signal });
  const ownership = new Ownership(objects, epoch.epoch);
  const packTargetBytes = options.packTargetBytes ?? defaultPackTargetBytes;
  await using opened = new AsyncDisposableStack();
  const store = opened.use(new OwnedRepository({ parts, ownership, clock, indexPath, packTargetBytes }));
  await store.adoptPoints();
  await parts.index.setHistory(epoch);
  opened.move();
  return store;
};

/** Opens a bare repository for listing, verifying and restoring; nothing in it is written or needs an owner. */
export const openRepositoryReader = async (
  directory: string,
  options: ReadRepositoryOptions = {},
  signal?: AbortSignal,
): Promise<RepositoryReader> => {
  const objects = new DirectoryObjectStore(directory);
  const facts = await readDescriptor(objects, ["read", "verify"]);
  const keys = options.proof === undefined ? undefined : await openKeys(objects, facts, options.proof);
  const indexPath = options.indexPath ?? inMemory;
  const ingestThreads = defaultIngestThreads;
  const threads = workerThreads;
  return new RepositoryReading(
    await openReadingParts({ facts, objects, indexPath, ingestThreads, threads, owner: false, keys, signal }),
  );
};

/** The keys of an encrypted repository; none where nothing is encrypted. KEY_WRONG. */
const openKeys = async (
  objects: ObjectStore,
  { repositoryId, encryption }: RepositoryFacts,
  proof: KeyProof,
): Promise<RepositoryKeys | undefined> => {
  if (encryption === undefined) return undefined;
  const list = await readKeyList(objects);
  if (list === undefined)
    throw new HoldfastError("REPOSITORY_DAMAGED", `the encrypted repository ${repositoryId} has no list of keys`);
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
