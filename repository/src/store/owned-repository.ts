import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { idAt, idCount } from "@holdfast/shared/format/content-id";
import { type AttemptRef, pointIdSchema } from "@holdfast/shared/format/manifest-schema";
import { type RecordKind, recordHeaderSize } from "@holdfast/shared/format/record-header";
import { ConfigurationObjects } from "../configurations/configuration-objects.ts";
import type { GuardedClock } from "../clock/guarded-clock.ts";
import type { KeyList } from "@holdfast/shared/keys/key-list";
import { catchUp } from "../index/catch-up.ts";
import { inMemory } from "../index/index-database.ts";
import type { CheckedRecord } from "../ingest/checked-record.ts";
import { AbsentRecords } from "./absent-records.ts";
import { appendKeyList } from "./key-log.ts";
import { Sharing } from "../sharing/sharing.ts";
import { answerFor } from "../collection/transitions.ts";
import { KeyedLock } from "./keyed-lock.ts";
import type { Mark, MarkState } from "./mark.ts";
import { Marking } from "./marking.ts";
import type { ObjectRetention } from "./object-store.ts";
import { OpenPacks } from "./open-packs.ts";
import { OwnedCollection } from "./owned-collection.ts";
import type { Ownership } from "./ownership.ts";
import type { PackSet } from "./pack-set.ts";
import { type ReadingParts, RepositoryReading } from "./repository-reading.ts";
import type {
  Appended,
  AttemptAnswer,
  CountedBytes,
  FoundRecords,
  PendingPack,
  RecordAt,
  RecordRef,
  RecordState,
  RepositoryStore,
  Space,
  StoredPoint,
} from "./repository-store.ts";
import type { SpaceReserve } from "./space-reserve.ts";
import { toStorageError } from "./storage-error.ts";
import type { TaskCommits } from "./task-commits.ts";
import type { PackKey } from "./object-names.ts";
import { VerifiedObjects } from "./verified-objects.ts";

/** What owning adds to reading. */
export interface OwnedRepositoryDeps {
  readonly parts: ReadingParts;
  readonly tasks: TaskCommits;
  readonly ownership: Ownership;
  readonly clock: Clock;
  readonly guardedClock: GuardedClock;
  readonly reserve: SpaceReserve;
  readonly indexPath: string;
  readonly packTargetBytes: number;
}

const largestBatch = 4096;

/** A repository as its one owner holds it. */
export class OwnedRepository extends RepositoryReading implements RepositoryStore {
  readonly epoch: number;
  readonly configurations: ConfigurationObjects;
  readonly guardedClock: GuardedClock;
  readonly sharing: Sharing | undefined;
  readonly #deps: OwnedRepositoryDeps;
  readonly collection: OwnedCollection;
  readonly #packs: OpenPacks;
  readonly #tasks: TaskCommits;
  readonly #marking = new Marking();
  readonly #markLocks = new KeyedLock();
  readonly #absent: AbsentRecords;
  readonly verified: VerifiedObjects;

  constructor(deps: OwnedRepositoryDeps) {
    super(deps.parts);
    this.#deps = deps;
    this.epoch = deps.ownership.epoch;
    this.guardedClock = deps.guardedClock;
    const { objects, index, facts } = deps.parts;
    const { repositoryId } = facts;
    this.sharing = facts.encryption === undefined ? undefined : new Sharing(index);
    const { parts, clock, ownership, packTargetBytes: targetBytes } = deps;
    let lastSequence = 0;
    const nextSequence = (): number => (lastSequence += 1);
    const openPacks = (): OpenPacks =>
      new OpenPacks({ objects, index, repositoryId, epoch: this.epoch, clock, targetBytes, nextSequence });
    this.#packs = openPacks();
    this.configurations = new ConfigurationObjects(objects, repositoryId);
    this.#tasks = deps.tasks;
    const { records, marks, epoch } = this;
    this.#absent = new AbsentRecords({ ...parts, ownership, clock, records });
    this.verified = new VerifiedObjects({ objects, repositoryId, epoch });
    this.collection = new OwnedCollection({
      parts,
      records,
      marks,
      marking: this.#marking,
      ownership,
      clock,
      reserve: deps.reserve,
      openPacks,
    });
  }

  async check(record: Uint8Array): Promise<CheckedRecord> {
    try {
      return await this.parts.ingest.check(record);
    } catch (caught) {
      if (!(caught instanceof HoldfastError) || caught.code !== "CHUNK_DAMAGED") throw caught;
      throw new HoldfastError("RECORD_REJECTED", `a record was rejected: ${caught.message}`, { cause: caught });
    }
  }

  async find(kind: RecordKind, ids: Uint8Array, uses: PackSet): Promise<FoundRecords> {
    const count = idCount(ids);
    if (count > largestBatch) throw new HoldfastError("INVALID_ARGUMENT", `${count} ids are more than ${largestBatch}`);
    // Packs first: an id leaves them only after the index has it.
    const holders = Array.from({ length: count }, (_, index) => this.#packs.holderOf(kind, ids, index));
    const rows = await this.parts.index.lookup(kind, ids);
    const { packs: condemned } = this.collection.condemned;
    // Judged and noted in one step, so that a collection sees the use or the caller is told the truth (G6).
    const states = holders.map((holder, index): RecordState => {
      const answer = answerFor({ indexed: rows[index], pending: holder?.key }, condemned);
      if (answer.pack) uses.add(answer.pack);
      return answer.state;
    });
    const pending = new Set<PendingPack>();
    holders.forEach((holder, index) => {
      if (holder !== undefined && states[index] === "pending") pending.add(holder);
    });
    return { states, pending };
  }

  async append(record: CheckedRecord, uses: PackSet, signal?: AbortSignal): Promise<Appended> {
    this.#deps.ownership.throwIfLost();
    const { kind, id, storedLength } = record.header;
    const { states, pending } = await this.find(kind, idAt(id, 0), uses);
    const [holder] = pending;
    if (states[0] === "pending" && holder) return { outcome: "known", pending: holder };
    if (states[0] === "present") return { outcome: "known" };
    const { pack, isNew } = await this.#packs.append(record, signal, (placed) => uses.add(placed.key));
    if (!isNew) return { outcome: "known", pending: pack };
    if (kind === "page") this.records.forgetPage(id);
    return { outcome: "stored", packedBytes: recordHeaderSize + storedLength, pending: pack };
  }

  async settle(packs: Iterable<PendingPack>, signal?: AbortSignal): Promise<void> {
    await this.#packs.settle(packs, signal);
  }

  async openAttempt(attempt: AttemptRef): Promise<AttemptAnswer> {
    return await this.#tasks.open(attempt);
  }

  async fence(attempt: AttemptRef): Promise<StoredPoint | undefined> {
    return await this.#deps.reserve.whenFull(() => this.#tasks.fence(attempt));
  }

  async commitPoint(attempt: AttemptRef, manifestBytes: Uint8Array, counted: CountedBytes): Promise<StoredPoint> {
    return await this.#tasks.commit(attempt, manifestBytes, counted);
  }

  async writeMark(pointId: string, change: (current: MarkState) => MarkState): Promise<Mark> {
    if (!pointIdSchema.safeParse(pointId).success)
      throw new HoldfastError("INVALID_ARGUMENT", "a point id that is none");
    using _marking = this.#marking.begin(pointId);
    return await this.#markLocks.run(pointId, async () => {
      this.#deps.ownership.throwIfLost();
      if (this.collection.condemned.isLeaving(pointId)) {
        throw new HoldfastError("POINT_NOT_FOUND", `point ${pointId} is being removed for good`);
      }
      const origin = { pointId, epoch: this.epoch, writtenMs: this.#deps.clock.nowMs() };
      const mark = await this.#deps.reserve.whenFull(() => this.marks.write(origin, change));
      await this.assertOwned();
      return mark;
    });
  }

  async appendKeyList(list: KeyList): Promise<void> {
    const { ownership, clock } = this.#deps;
    if (this.facts.encryption === undefined)
      throw new HoldfastError("FAILED_PRECONDITION", "the repository is not encrypted: it has no keys");
    ownership.throwIfLost();
    const origin = { repositoryId: this.facts.repositoryId, epoch: this.epoch, writtenMs: clock.nowMs() };
    await appendKeyList(this.parts.objects, list, origin);
    await this.assertOwned();
  }

  get absences(): number {
    return this.#absent.count;
  }

  async quarantinedIds(): Promise<readonly RecordRef[]> {
    return await this.#absent.quarantinedIds();
  }

  async quarantine(records: readonly RecordAt[]): Promise<void> {
    await this.#deps.reserve.whenFull(() => this.#absent.quarantine(records));
  }

  async forgetMissing(records: readonly RecordAt[]): Promise<readonly RecordRef[]> {
    return await this.#absent.forgetMissing(records);
  }

  async forgetPack(pack: PackKey): Promise<readonly RecordRef[]> {
    return await this.#absent.forgetPack(pack);
  }

  quarantinedOffsets(pack: PackKey): readonly number[] {
    return this.parts.quarantine.offsetsOf(pack);
  }

  async indexedRecords(pack: PackKey): Promise<readonly RecordAt[]> {
    return await this.#absent.indexedRecords(pack);
  }

  async assertOwned(): Promise<void> {
    await this.#deps.ownership.assertOwned();
  }

  async space(): Promise<{ readonly objects: Space; readonly index: Space }> {
    const objects = await this.parts.objects.space();
    return {
      objects,
      index: this.#deps.indexPath === inMemory ? objects : await spaceOf(dirname(this.#deps.indexPath)),
    };
  }

  get retention(): ObjectRetention | undefined {
    return this.parts.objects.retention;
  }

  async refillReserve(): Promise<void> {
    await this.#deps.reserve.refill();
  }

  async rebuildIndex(): Promise<void> {
    const { objects, index, facts, plans, quarantine } = this.parts;
    const { condemned } = plans;
    const { repositoryId } = facts;
    this.records.forget();
    await index.rebuild(
      async () => await catchUp({ objects, index, condemned, repositoryId, quarantine, owner: true }),
    );
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#packs[Symbol.asyncDispose]();
    } finally {
      await super[Symbol.asyncDispose]();
    }
  }
}

const spaceOf = async (path: string): Promise<Space> => {
  try {
    const { bavail, blocks, bsize } = await statfs(path);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch (caught) {
    throw toStorageError(caught, "asking for free space of the index");
  }
};
