import type { Page } from "@holdfast/shared/format/page";
import type { RecordKind } from "@holdfast/shared/format/record-header";
import type { RepositoryKeys } from "@holdfast/shared/format/repository-keys";
import { IndexClient } from "../index/index-client.ts";
import { type CatchUp, type CaughtUp, catchUp } from "../index/catch-up.ts";
import { IngestPool } from "../ingest/ingest-pool.ts";
import type { PacksView } from "./collection-store.ts";
import { hasSpareList, type KeyLog, readKeyLog } from "./key-log.ts";
import type { Mark } from "./mark.ts";
import { MarkObjects } from "./marks.ts";
import type { ByteRange, ObjectStore } from "./object-store.ts";
import { packName, type PackKey } from "./object-names.ts";
import { type PackSummary, readPackSummary } from "./pack-reader.ts";
import type { PackSet } from "./pack-set.ts";
import type { PlanLog } from "./plan-log.ts";
import { OpenedPacks } from "./packs-view.ts";
import { PointObjects } from "./points.ts";
import { Quarantine } from "./quarantine.ts";
import type {
  RecordLocation,
  RepositoryFacts,
  RepositoryReader,
  StoreCounts,
  StoredPoint,
} from "./repository-store.ts";
import type { StoreThreads } from "./store-threads.ts";
import { StoredRecords } from "./stored-records.ts";

/** What an opened repository is made of; handed over to the reader, which disposes of it. */
export interface ReadingParts {
  readonly facts: RepositoryFacts;
  readonly objects: ObjectStore;
  readonly index: IndexClient;
  readonly ingest: IngestPool;
  readonly quarantine: Quarantine;
  readonly plans: PlanLog;
  readonly caughtUp: CaughtUp;
  readonly keys: RepositoryKeys | undefined;
}

/** How the parts are opened. */
export interface ReadingPartsOptions {
  readonly facts: RepositoryFacts;
  readonly objects: ObjectStore;
  /** Read, and closed by an owner, before packs are looked at. */
  readonly plans: PlanLog;
  readonly indexPath: string;
  readonly ingestThreads: number;
  readonly threads: StoreThreads;
  readonly owner: boolean;
  readonly keys?: RepositoryKeys | undefined;
  readonly signal: AbortSignal | undefined;
  /** False for who only looks at points: packs are not read, and no record is found. */
  readonly records?: boolean | undefined;
  readonly onPack?: CatchUp["onPack"];
}

/** Opens the index, brings it to what the packs are, and starts the threads. Takes `objects` over, also when it fails. */
export const openReadingParts = async (options: ReadingPartsOptions): Promise<ReadingParts> => {
  const { facts, objects, plans, indexPath, ingestThreads, threads, owner, keys, signal } = options;
  await using opened = new AsyncDisposableStack();
  opened.use(objects);
  const index = opened.use(await IndexClient.open(indexPath, facts.repositoryId, threads.index()));
  const { repositoryId, chunkSize } = facts;
  const judged = { chunkSize, repositoryId, isEncrypted: facts.encryption !== undefined, keys: keys?.opening };
  const ingest = opened.use(new IngestPool({ threads: ingestThreads, startThread: threads.ingest, ...judged }));
  const { condemned } = plans;
  const quarantine = await Quarantine.load(objects, repositoryId, signal);
  const work = { objects, index, condemned, repositoryId, quarantine, owner, signal, onPack: options.onPack };
  const caughtUp = options.records === false ? nothingRead : await catchUp(work);
  opened.move();
  return { facts, objects, index, ingest, plans, quarantine, caughtUp, keys };
};

const nothingRead: CaughtUp = { packsRead: 0, damagedPacks: [], leftovers: [] };

/** A repository opened for reading. */
export class RepositoryReading implements RepositoryReader {
  readonly facts: RepositoryFacts;
  readonly keys: RepositoryKeys | undefined;
  readonly damagedPacks: readonly string[];
  readonly packs: PacksView;
  protected readonly parts: ReadingParts;
  protected readonly records: StoredRecords;
  protected readonly points: PointObjects;
  protected readonly marks: MarkObjects;

  /** An owner knows of every pack that goes; a reader beside one is told by `refresh`. */
  constructor(parts: ReadingParts, refresh?: (missingPack: string) => Promise<void>) {
    const { facts, objects, caughtUp, plans, keys } = parts;
    this.facts = facts;
    this.keys = keys;
    this.damagedPacks = caughtUp.damagedPacks;
    this.parts = parts;
    this.records = new StoredRecords({ ...parts, condemned: plans.condemned, refresh });
    this.packs = new OpenedPacks(parts, this.records);
    this.points = new PointObjects({ objects, repositoryId: facts.repositoryId, plans, keys: keys?.manifestKeys });
    this.marks = new MarkObjects(objects, facts.repositoryId);
  }

  async locate(kind: RecordKind, ids: Uint8Array, uses?: PackSet): Promise<readonly (RecordLocation | undefined)[]> {
    return await this.records.locate(kind, ids, uses);
  }

  async readAt(location: RecordLocation): Promise<Uint8Array> {
    return await this.records.readAt(location);
  }

  async readRecord(kind: RecordKind, id: Uint8Array): Promise<Uint8Array> {
    return await this.records.readRecord(kind, id);
  }

  async readPage(id: Uint8Array): Promise<Page> {
    return await this.records.readPage(id);
  }

  async verifyRecord(kind: RecordKind, id: Uint8Array): Promise<void> {
    await this.records.verifyRecord(kind, id);
  }

  async verifyAt(location: RecordLocation): Promise<void> {
    await this.records.verifyAt(location);
  }

  async verifyBytes(record: Uint8Array): Promise<void> {
    await this.parts.ingest.check(record);
  }

  async openPack(pack: PackKey): Promise<PackSummary> {
    return await readPackSummary(this.parts.objects, pack, this.facts.repositoryId);
  }

  async readPack(pack: PackKey, range: ByteRange): Promise<Uint8Array> {
    return await this.parts.objects.getRange(packName(pack), range);
  }

  async listPoints(): Promise<readonly string[]> {
    return await this.points.list();
  }

  async readPoint(pointId: string): Promise<StoredPoint | undefined> {
    return await this.points.read(pointId);
  }

  async readMark(pointId: string): Promise<Mark | undefined> {
    return await this.marks.read(pointId);
  }

  async counts(): Promise<StoreCounts> {
    return await this.parts.index.counts();
  }

  async readKeyLog(): Promise<KeyLog | undefined> {
    return await readKeyLog(this.parts.objects, this.facts.repositoryId);
  }

  async hasSpareKeyList(log: KeyLog): Promise<boolean> {
    return await hasSpareList(this.parts.objects, this.facts.repositoryId, log);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { objects, index, ingest } = this.parts;
    await using closing = new AsyncDisposableStack();
    closing.use(objects);
    closing.use(index);
    closing.use(ingest);
  }
}
