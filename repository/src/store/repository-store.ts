import type { ChunkSize } from "@holdfast/shared/format/chunk-size";
import type { StoredManifest } from "@holdfast/shared/format/manifest";
import type { AttemptRef } from "@holdfast/shared/format/manifest-schema";
import type { Page } from "@holdfast/shared/format/page";
import type { RecordKind } from "@holdfast/shared/format/record-header";
import type { RepositoryId } from "@holdfast/shared/format/repository-id";
import type { GuardedClock } from "../clock/guarded-clock.ts";
import type { RepositoryKeys } from "@holdfast/shared/format/repository-keys";
import type { KeyList } from "@holdfast/shared/keys/key-list";
import type { KeyLog } from "./key-log.ts";
import type { RepositoryEncryption } from "@holdfast/shared/keys/master-key";
import type { CheckedRecord } from "../ingest/checked-record.ts";
import type { CollectionStore, PacksView } from "./collection-store.ts";
import type { Sharing } from "../sharing/sharing.ts";
import type { Mark, MarkState } from "./mark.ts";
import type { ConfigurationObjects } from "../configurations/configuration-objects.ts";
import type { PackKey, RecordPlace } from "./object-names.ts";
import type { ByteRange, ObjectRetention } from "./object-store.ts";
import type { PackSummary } from "./pack-reader.ts";
import type { PackSet } from "./pack-set.ts";
import type { VerifiedObjects } from "./verified-objects.ts";
import type { CommitPart } from "./point-object.ts";

/** What a repository is, from its descriptor. */
export interface RepositoryFacts {
  readonly repositoryId: RepositoryId;
  readonly formatVersion: number;
  readonly chunkSize: ChunkSize;
  /** The installation that created it; empty for one made on a bare directory. */
  readonly installationId: string;
  readonly createdMs: number;
  /** Absent where nothing is encrypted. */
  readonly encryption?: RepositoryEncryption;
}

/** Where a durable record lies, with what its table of contents says of it. */
export interface RecordLocation {
  readonly kind: RecordKind;
  readonly id: Uint8Array;
  readonly pack: string;
  readonly offset: number;
  readonly plainLength: number;
  readonly storedLength: number;
  /** Of a page, its level (0 = leaf); 0 for chunks. A page's number of ids is (plainLength − 8) / 32. */
  readonly level: number;
}

/** A record by what it is. */
export interface RecordRef {
  readonly kind: RecordKind;
  readonly id: Uint8Array;
}

/** A record by what it is and where it lies. */
export interface RecordAt extends RecordRef, RecordPlace {}

/** One restore point as its object holds it. */
export interface StoredPoint {
  readonly pointId: string;
  /** What the repository stated at the commit. */
  readonly commit: CommitPart;
  /** Without its sealed part where that is sealed and there is no key. */
  readonly manifest: StoredManifest;
  /** The writer's own bytes, which `manifest` was decoded from. */
  readonly manifestBytes: Uint8Array;
}

/** Bytes of one file system. */
export interface Space {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** What packs hold, by the index. */
export interface StoreCounts {
  readonly packs: number;
  readonly packBytes: number;
  readonly chunks: number;
  readonly pages: number;
}

/** Everything that reading needs; a repository opened this way is never written to. */
export interface RepositoryReader extends AsyncDisposable {
  readonly facts: RepositoryFacts;
  /** The keys of an encrypted repository, where it was opened with them; a server never is. */
  readonly keys: RepositoryKeys | undefined;
  /** Packs that were found damaged when the index was brought up to date; for the log. */
  readonly damagedPacks: readonly string[];
  /**
   * Where durable records lie, in the order of `ids` (32 bytes each); undefined for those that are not there. Their packs are
   * noted in `uses` in the step in which they are found (G6).
   */
  locate(kind: RecordKind, ids: Uint8Array, uses?: PackSet): Promise<readonly (RecordLocation | undefined)[]>;
  /**
   * Header and stored bytes of a record; the header is checked and is of that id, the stored bytes are not looked at.
   * CHUNK_DAMAGED, CHUNK_MISSING, or IO_FAILED when the storage could not answer.
   */
  readAt(location: RecordLocation): Promise<Uint8Array>;
  /** `locate` and `readAt` of one record; CHUNK_MISSING when it is not there. */
  readRecord(kind: RecordKind, id: Uint8Array): Promise<Uint8Array>;
  /** A durable page, proven to be what its id says; not for the zero id. CHUNK_MISSING, CHUNK_DAMAGED. */
  readPage(id: Uint8Array): Promise<Page>;
  /** Reads a record back and compares it with its id, in a worker thread: CHUNK_MISSING or CHUNK_DAMAGED when it is not. */
  verifyRecord(kind: RecordKind, id: Uint8Array): Promise<void>;
  /** Reads a record once where it lies and compares it with its id: CHUNK_MISSING or CHUNK_DAMAGED when it is not. */
  verifyAt(location: RecordLocation): Promise<void>;
  /** Compares a whole record with its header and id, in a worker thread; takes over its memory. CHUNK_DAMAGED, REPOSITORY_MISMATCH. */
  verifyBytes(record: Uint8Array): Promise<void>;
  /** What a pack holds by its own table; NOT_FOUND, REPOSITORY_DAMAGED. */
  openPack(pack: PackKey): Promise<PackSummary>;
  /** Bytes of a pack; NOT_FOUND, or REPOSITORY_DAMAGED when it ends before. */
  readPack(pack: PackKey, range: ByteRange): Promise<Uint8Array>;
  /** Ids of all points that are committed, in no order; marks are not looked at. */
  listPoints(): Promise<readonly string[]>;
  /** A committed point; undefined when the task has none. REPOSITORY_DAMAGED when its object is not whole. */
  readPoint(pointId: string): Promise<StoredPoint | undefined>;
  /** The highest mark of a point; undefined when it has none. */
  readMark(pointId: string): Promise<Mark | undefined>;
  counts(): Promise<StoreCounts>;
  /** What looking for garbage reads. */
  readonly packs: PacksView;
  /** What the log of keys says; undefined where nothing is encrypted. */
  readKeyLog(): Promise<KeyLog | undefined>;
  /** Whether a second list opens the repository as well; false also when that cannot be read. */
  hasSpareKeyList(log: KeyLog): Promise<boolean>;
}

/** A pack that is not durable yet. Opaque: collect those that an upload depends on and hand them to `settle`. */
export interface PendingPack {
  readonly pack: string;
  readonly key: PackKey;
}

/** An id's standing; `pending` = in a pack that is not durable yet. */
export type RecordState = "absent" | "present" | "pending";

/** The answer to a batch of ids. */
export interface FoundRecords {
  /** In the order asked. */
  readonly states: readonly RecordState[];
  /** The packs of those that are pending: a commit that uses them settles these first. */
  readonly pending: ReadonlySet<PendingPack>;
}

/** What became of a record that was appended. */
export type Appended =
  | { readonly outcome: "stored"; readonly packedBytes: number; readonly pending: PendingPack }
  | { readonly outcome: "known"; readonly pending?: PendingPack };

/** Whether an attempt may go on, or need not. */
export type AttemptAnswer = { readonly state: "opened" } | { readonly state: "committed"; readonly point: StoredPoint };

/** What the repository itself counted of an upload (R8), in plain bytes of whole chunks, and packed bytes. */
export type CountedBytes = CommitPart["counted"];

/** The repository as its one owner holds it (R13). */
export interface RepositoryStore extends RepositoryReader {
  /** The epoch that this process created. */
  readonly epoch: number;
  /** The time by which points may be removed for good, and whether they may now. */
  readonly guardedClock: GuardedClock;
  /** Who may rely on which records; undefined where nothing is encrypted: there all may on all. */
  readonly sharing: Sharing | undefined;
  /**
   * Checks a record that came in (header, checksum, length, content against id) in a worker thread; takes over `record`'s
   * memory. RECORD_REJECTED with the reason as cause; REPOSITORY_MISMATCH for another repository's.
   */
  check(record: Uint8Array): Promise<CheckedRecord>;
  /** Which of at most 4,096 ids (32 bytes each) are there; notes their packs in `uses` (G6). Never asked for the zero id. */
  find(kind: RecordKind, ids: Uint8Array, uses: PackSet): Promise<FoundRecords>;
  /**
   * Puts a record into the pack of its kind unless the repository has it; waits while too many packs are being made
   * durable; notes its pack in `uses`. REPOSITORY_FULL or IO_FAILED: that pack is abandoned, and with it all its records.
   */
  append(record: CheckedRecord, uses: PackSet, signal?: AbortSignal): Promise<Appended>;
  /** Resolves when all these packs are durable and indexed; seals those still open. Fails when one was abandoned. */
  settle(packs: Iterable<PendingPack>, signal?: AbortSignal): Promise<void>;
  /** R5: durably retires every lower attempt of the task. ATTEMPT_FENCED when this one is retired itself. */
  openAttempt(attempt: AttemptRef): Promise<AttemptAnswer>;
  /** R5: durably retires this attempt and all before it; answers the point when the task has committed. */
  fence(attempt: AttemptRef): Promise<StoredPoint | undefined>;
  /**
   * Commits: makes the point's object durable, then looks at the epochs (R13), then answers. Everything it names is settled
   * before. Repeated by the same attempt it answers the same point. ATTEMPT_FENCED, REPOSITORY_NOT_OWNED, REPOSITORY_FULL.
   */
  commitPoint(attempt: AttemptRef, manifestBytes: Uint8Array, counted: CountedBytes): Promise<StoredPoint>;
  /** Writes the next mark of a point, made from the highest one. Durable, then epochs looked at, when it resolves. */
  writeMark(pointId: string, change: (current: MarkState) => MarkState): Promise<Mark>;
  /** How often records became absent since the store was opened: what was found present before may not be any more. */
  readonly absences: number;
  /** Ids in quarantine that no other record gives. */
  quarantinedIds(): Promise<readonly RecordRef[]>;
  /** Puts records away that were read twice and are damaged (I14): durable, epochs looked at, then absent. */
  quarantine(records: readonly RecordAt[]): Promise<void>;
  /**
   * Forgets records that are gone: all of a pack that is not there, or those behind the end of one that is cut short. Gives what
   * became absent. UNAVAILABLE when the store has not even its descriptor: then it is not there itself.
   */
  forgetMissing(records: readonly RecordAt[]): Promise<readonly RecordRef[]>;
  /** Forgets a pack that is not there, with all its records, which it gives; nothing when the pack is there. UNAVAILABLE as above. */
  forgetPack(pack: PackKey): Promise<readonly RecordRef[]>;
  /** Offsets of a pack's records that are in quarantine. */
  quarantinedOffsets(pack: PackKey): readonly number[];
  /** What the index says of a pack's records; scans a whole table. For a pack that cannot tell itself. */
  indexedRecords(pack: PackKey): Promise<readonly RecordAt[]>;
  /** Objects of verification state, which only the verification reads and writes. */
  readonly verified: VerifiedObjects;
  /** Appends to the log of keys. FAILED_PRECONDITION when the list does not follow the highest one. */
  appendKeyList(list: KeyList): Promise<void>;
  /** REPOSITORY_NOT_OWNED when a higher epoch exists; once it did, every write fails so for ever. */
  assertOwned(): Promise<void>;
  /** Backups of installations. */
  readonly configurations: ConfigurationObjects;
  /** Room where packs and where the index lie. */
  space(): Promise<{ readonly objects: Space; readonly index: Space }>;
  /** How the storage itself keeps objects from being removed; undefined where it cannot. */
  readonly retention: ObjectRetention | undefined;
  /** Makes the reserve that deletion may use again, where there is room for it. */
  refillReserve(): Promise<void>;
  /** Throws the index away and makes it from the packs. */
  rebuildIndex(): Promise<void>;
  /** What a collection works with. */
  readonly collection: CollectionStore;
}
