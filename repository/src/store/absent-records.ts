import type { Clock } from "@holdfast/shared/clock/clock";
import { hasCode, HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { RecordKind } from "@holdfast/shared/format/record-header";
import type { IndexClient } from "../index/index-client.ts";
import { descriptorName, packText, type PackKey, packName } from "./object-names.ts";
import type { ObjectStore } from "./object-store.ts";
import type { Ownership } from "./ownership.ts";
import type { Quarantine } from "./quarantine.ts";
import type { RecordAt, RecordRef } from "./repository-store.ts";
import type { StoredRecords } from "./stored-records.ts";

/** What making records absent needs. */
export interface AbsentRecordsDeps {
  readonly objects: ObjectStore;
  readonly index: IndexClient;
  readonly quarantine: Quarantine;
  readonly ownership: Ownership;
  readonly clock: Clock;
  readonly records: StoredRecords;
}

/** Takes damaged and missing records out of everything that is asked of the store. */
export class AbsentRecords {
  readonly #deps: AbsentRecordsDeps;
  #count = 0;

  constructor(deps: AbsentRecordsDeps) {
    this.#deps = deps;
  }

  /** Grows when records begin to go and again when they are gone. */
  get count(): number {
    return this.#count;
  }

  /** Those in quarantine whose id no other record gives. */
  async quarantinedIds(): Promise<readonly RecordRef[]> {
    const { quarantine, index } = this.#deps;
    const absent: RecordRef[] = [];
    for (const kind of ["chunk", "page"] as const) {
      const records = quarantine.records.filter((record) => record.kind === kind);
      const rows = await index.lookup(kind, Buffer.concat(records.map(({ id }) => id)));
      absent.push(...records.filter((_, position) => rows[position] === undefined));
    }
    return absent;
  }

  /**
   * Durable first, then the epochs are looked at, then the index forgets (I14). Memory knows them last: when anything before fails, the
   * records are found damaged again by the next reading, and nothing is passed over that is still given to others.
   */
  async quarantine(records: readonly RecordAt[]): Promise<void> {
    const { quarantine, ownership, clock } = this.#deps;
    if (records.length === 0) return;
    ownership.throwIfLost();
    const { epoch } = ownership;
    for (const record of records) await quarantine.write(record, { atMs: clock.nowMs(), epoch });
    await ownership.assertOwned();
    await this.#drop(records);
    quarantine.take(records);
  }

  /** Forgets what is gone with its pack; gives what became absent. */
  async forgetMissing(records: readonly RecordAt[]): Promise<readonly RecordRef[]> {
    const absent: RecordRef[] = [];
    for (const ofPack of Map.groupBy(records, packText).values()) {
      const [first] = ofPack;
      if (first) absent.push(...(await this.#forgetOfPack(first, ofPack)));
    }
    return absent;
  }

  /** What the index says of a pack's records. */
  async indexedRecords(pack: PackKey): Promise<readonly RecordAt[]> {
    const of = (kind: RecordKind): Promise<readonly RecordAt[]> => this.#deps.index.recordsOf(pack, kind);
    return [...(await of("chunk")), ...(await of("page"))];
  }

  /** Nothing when the pack is there. */
  async forgetPack(pack: PackKey): Promise<readonly RecordRef[]> {
    return (await this.#isThere(pack)) ? [] : await this.#dropPack(pack);
  }

  async #forgetOfPack(pack: PackKey, records: readonly RecordAt[]): Promise<readonly RecordRef[]> {
    if (!(await this.#isThere(pack))) return await this.#dropPack(pack);
    await this.#drop(records);
    return records;
  }

  async #dropPack(pack: PackKey): Promise<readonly RecordRef[]> {
    const { index } = this.#deps;
    const all = await this.indexedRecords(pack);
    await this.#whileAbsent(() => index.dropPacks([pack]));
    this.#forgetPages(all);
    return all;
  }

  /** A store that lost its descriptor too, such as a folder that is not mounted, says nothing about single packs. */
  async #isThere(pack: PackKey): Promise<boolean> {
    const { objects } = this.#deps;
    if (await exists(objects, packName(pack))) return true;
    if (await exists(objects, descriptorName)) return await exists(objects, packName(pack));
    throw new HoldfastError("UNAVAILABLE", "the repository's store is not there: not even its descriptor is found");
  }

  async #drop(records: readonly RecordAt[]): Promise<void> {
    await this.#whileAbsent(() => this.#deps.index.dropRecords(records));
    this.#forgetPages(records);
  }

  /** Who looks for records while they go cannot trust what he saw: the count differs before, amid and after. */
  async #whileAbsent(drop: () => Promise<void>): Promise<void> {
    this.#count += 1;
    try {
      await drop();
    } finally {
      this.#count += 1;
    }
  }

  #forgetPages(records: readonly RecordRef[]): void {
    for (const { kind, id } of records) if (kind === "page") this.#deps.records.forgetPage(id);
  }
}

const exists = async (objects: ObjectStore, name: string): Promise<boolean> => {
  try {
    await objects.sizeOf(name);
    return true;
  } catch (caught) {
    if (hasCode(caught, "NOT_FOUND")) return false;
    throw caught;
  }
};
