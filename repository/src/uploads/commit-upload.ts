import { hasCode, HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { toHex } from "@holdfast/shared/format/content-id";
import { decodeStoredManifest, type StoredManifest } from "@holdfast/shared/format/manifest";
import type { AttemptRef, ClearPart, Origin } from "@holdfast/shared/format/manifest-schema";
import type { Catalog } from "../catalog/catalog.ts";
import { type CatalogDisk, type CatalogPoint, catalogDisks, isSameVm } from "../catalog/catalog-point.ts";
import type { DiskRange } from "../catalog/disk-range.ts";
import { HoleFinder } from "../catalog/holes.ts";
import { limitRanges } from "../catalog/limit-ranges.ts";
import { nextOfCommit } from "../collection/transitions.ts";
import type { PackSet } from "../store/pack-set.ts";
import type { CountedBytes, RepositoryStore } from "../store/repository-store.ts";
import { mostHealRanges } from "./base-checks.ts";
import { checkBalance, toBytes } from "./balance.ts";
import { settleAll } from "./dependencies.ts";
import { addCounts, countPositions, noPositions, type PositionCounts } from "./position-counts.ts";
import { isSameAttempt } from "../store/task-facts.ts";
import type { Upload } from "./upload.ts";
import type { Uploads } from "./uploads.ts";

/** What commits need. */
export interface CommitDeps {
  readonly store: RepositoryStore;
  readonly catalog: Catalog;
  readonly uploads: Pick<Uploads, "keepUses">;
}

/** A point, or what has to be read again before there is one (C5). */
export type CommitOutcome =
  | { readonly kind: "committed"; readonly point: CatalogPoint; readonly absences: number }
  | { readonly kind: "heal"; readonly ranges: readonly DiskRange[] };

/**
 * The point of this attempt when its task is committed already (C2); undefined when it is not. ATTEMPT_FENCED when another
 * attempt made the point, REPOSITORY_NOT_OWNED when this server may not say so any more.
 */
export const committedAlready = async (
  { store, catalog }: Pick<CommitDeps, "store" | "catalog">,
  attempt: AttemptRef,
): Promise<CatalogPoint | undefined> => {
  const point = catalog.get(attempt.taskId);
  if (!point) return undefined;
  await store.assertOwned();
  if (isSameAttempt(point.attempt, attempt)) return point;
  throw new HoldfastError("ATTEMPT_FENCED", `the point of task ${attempt.taskId} was made by another attempt`);
};

/** Checks everything that a commit promises, then makes the point durable (C3–C8). */
export const commitUpload = async (
  deps: CommitDeps,
  upload: Upload,
  manifestBytes: Uint8Array,
): Promise<CommitOutcome> => {
  const manifest = readManifest(manifestBytes);
  checkManifest(deps.store, upload, manifest);
  upload.move("committing");
  // Also when the upload ends meanwhile: until the point stands in the catalog, its packs are used (G7).
  using _uses = upload.uses.hold();
  try {
    const outcome = await checkAndWrite(deps, upload, { manifest, manifestBytes });
    if (upload.state === "committing") upload.move(outcome.kind === "committed" ? "committed" : "open");
    return outcome;
  } catch (caught) {
    if (upload.state === "committing") upload.move("open");
    throw caught;
  }
};

interface GivenManifest {
  readonly manifest: StoredManifest;
  readonly manifestBytes: Uint8Array;
}

const checkAndWrite = async (
  deps: CommitDeps,
  upload: Upload,
  { manifest, manifestBytes }: GivenManifest,
): Promise<CommitOutcome> => {
  const { store } = deps;
  if (nextOf(upload, 0) === "settle") await settleAll(store, upload);
  const { clear } = manifest;
  const { counts, holes, absences } = await walkUntilStill(store, upload, manifest);
  // Records may have come meanwhile; from here to the writing nothing waits.
  while (nextOf(upload, holes.length) === "settle") await settleAll(store, upload);
  if (nextOf(upload, holes.length) === "heal") {
    const ranges = limitRanges(holes, mostHealRanges);
    upload.addHeal(ranges);
    return { kind: "heal", ranges };
  }
  const bytes = toBytes(counts, upload.counts.storedChunks, store.facts.chunkSize);
  checkBalance(clear.statistics, bytes);
  const { deduplicatedBytes, storedBytes } = bytes;
  const counted = { deduplicatedBytes, storedBytes, packedBytes: upload.counts.packedBytes };
  upload.signal.throwIfAborted();
  const point = await writePoint(deps, upload, { clear, manifestBytes, counted });
  return { kind: "committed", point, absences };
};

const nextOf = ({ signal, dependsOn }: Upload, holes: number): ReturnType<typeof nextOfCommit> =>
  nextOfCommit({ isOver: signal.aborted, unsettled: dependsOn.size, holes });

interface PointToWrite {
  readonly clear: StoredManifest["clear"];
  readonly manifestBytes: Uint8Array;
  readonly counted: CountedBytes;
}

/** A point that may have been written although we were told that it failed may yet be found: its packs stay used (G7). */
const writePoint = async (
  { store, catalog, uploads }: CommitDeps,
  upload: Upload,
  { clear, manifestBytes, counted }: PointToWrite,
): Promise<CatalogPoint> => {
  try {
    return catalog.add(await store.commitPoint(clear.attempt, manifestBytes, counted));
  } catch (caught) {
    if (!hasCode(caught, "ATTEMPT_FENCED")) uploads.keepUses(upload);
    throw caught;
  }
};

const readManifest = (bytes: Uint8Array): StoredManifest => {
  try {
    return decodeStoredManifest(bytes);
  } catch (cause) {
    if (!(cause instanceof HoldfastError) || cause.code !== "REPOSITORY_DAMAGED") throw cause;
    throw new HoldfastError("INVALID_ARGUMENT", cause.message, { cause });
  }
};

/** C3: the manifest speaks of the upload that it came with. */
const checkManifest = (
  { facts }: RepositoryStore,
  { terms }: Upload,
  { repositoryId, clear, sealed }: StoredManifest,
): void => {
  if (repositoryId !== facts.repositoryId) {
    throw new HoldfastError("REPOSITORY_MISMATCH", `the manifest is for repository ${repositoryId}`);
  }
  if ((facts.encryption === undefined) !== (sealed !== undefined)) {
    const should =
      sealed === undefined ? "sealed, in a repository without encryption" : "not sealed, in an encrypted repository";
    throw new HoldfastError("INVALID_ARGUMENT", `the manifest is ${should}`);
  }
  const difference = differenceOf(clear, terms);
  if (difference !== undefined || clear.chunkSize !== facts.chunkSize) {
    const message = `the manifest and its upload differ in ${difference ?? "their chunk size"}`;
    throw new HoldfastError("INVALID_ARGUMENT", message);
  }
  const ids = new Set(clear.disks.map(({ diskId }) => diskId));
  if (ids.size !== clear.disks.length) throw new HoldfastError("INVALID_ARGUMENT", "the manifest names a disk twice");
};

/** In what a manifest says something else than its upload was opened for; undefined for nothing. */
const differenceOf = (clear: ClearPart, { attempt, vm, base, origin }: Upload["terms"]): string | undefined => {
  const isSame = clear.attempt.taskId === attempt.taskId && isSameAttempt(clear.attempt, attempt);
  if (!isSame) return "their attempt";
  if (!isSameVm(clear.vm, vm)) return "their VM";
  if ((clear.basePointId ?? undefined) !== base?.pointId) return "their base";
  return isSameOrigin(clear.origin, origin) ? undefined : "their origin";
};

const isSameOrigin = (stated: Origin | null, told: Origin | undefined): boolean =>
  stated?.repositoryId === told?.repositoryId && stated?.pointId === told?.pointId;

interface Walked {
  readonly counts: PositionCounts;
  readonly holes: readonly DiskRange[];
}

/** Walks again when something became absent meanwhile: it may have been seen before. `absences` is the count that held all along. */
const walkUntilStill = async (
  store: RepositoryStore,
  upload: Upload,
  manifest: StoredManifest,
): Promise<Walked & { readonly absences: number }> => {
  for (;;) {
    const { absences } = store;
    const walked = await walkDisks(store, upload, manifest);
    if (store.absences === absences || walked.holes.length > 0) return { ...walked, absences };
  }
};

/** Walks the trees of all disks: C4, C5 and the counts of C6. */
const walkDisks = async (store: RepositoryStore, upload: Upload, { clear }: StoredManifest): Promise<Walked> => {
  const uses = upload.uses.packs;
  const finder = new HoleFinder(store, uses);
  // A root that was there when the upload was opened is the repository's own loss (C5); any other the writer never sent (C4).
  const mayLackRoot = store.absences !== upload.terms.absences;
  let counts = noPositions;
  for (const { diskId, tree } of catalogDisks(clear.disks, {}, store.facts.chunkSize)) {
    if (!tree) continue;
    const heal = upload.heal.filter((range) => range.diskId === diskId);
    const base = baseDisk(upload, diskId)?.tree;
    const counted = await countPositions(
      { diskId, tree, base, heal },
      {
        readPage: async (id) => {
          upload.signal.throwIfAborted();
          upload.touch();
          await requirePage(store, id, uses);
          return await store.readPage(id);
        },
        onLeaf: (leaf) => finder.look(leaf),
        mayLackRoot,
        onLost: ({ firstPosition, count }) => {
          finder.lose(diskId, firstPosition, count);
        },
      },
    );
    counts = addCounts(counts, counted);
  }
  return { counts, holes: finder.ranges };
};

/** Also a page that is remembered must be there, and its pack is used from here on (G8). */
const requirePage = async (store: RepositoryStore, id: Uint8Array, uses: PackSet): Promise<void> => {
  const [location] = await store.locate("page", id, uses);
  if (!location) throw new HoldfastError("CHUNK_MISSING", `page ${toHex(id)} is not in the repository`);
};

const baseDisk = ({ terms }: Upload, diskId: string): CatalogDisk | undefined =>
  terms.base?.disks.find((disk) => disk.diskId === diskId);
