import type { Page } from "@holdfast/shared/format/page";
import type { RecordKind } from "@holdfast/shared/format/record-header";
import type { IndexClient } from "../index/index-client.ts";
import type { IndexRow } from "../index/index-database.ts";
import type { PackRow } from "../index/pack-rows.ts";
import type { PacksView } from "./collection-store.ts";
import type { Condemned } from "./condemned.ts";
import { packName, type PackKey } from "./object-names.ts";
import type { ObjectStore } from "./object-store.ts";
import type { PlanLog } from "./plan-log.ts";
import type { StoredRecords } from "./stored-records.ts";

/** What holds them. */
export interface OpenedPacksParts {
  readonly index: IndexClient;
  readonly objects: ObjectStore;
  readonly plans: Pick<PlanLog, "condemned">;
}

/** The packs of a repository that is open, however it was opened. */
export class OpenedPacks implements PacksView {
  readonly condemned: Condemned;
  readonly #index: IndexClient;
  readonly #objects: ObjectStore;
  readonly #records: StoredRecords;

  constructor({ index, objects, plans }: OpenedPacksParts, records: StoredRecords) {
    this.condemned = plans.condemned;
    this.#index = index;
    this.#objects = objects;
    this.#records = records;
  }

  async packs(): Promise<readonly PackRow[]> {
    const packs = await this.#index.packs();
    return packs.filter((pack) => pack.isComplete && !this.condemned.packs.has(pack));
  }

  async lockedUntilMs(pack: PackKey): Promise<number> {
    return (await this.#objects.retention?.lockedUntil(packName(pack))) ?? 0;
  }

  async rows(kind: RecordKind, ids: Uint8Array): Promise<readonly (IndexRow | undefined)[]> {
    return await this.#records.rows(kind, ids);
  }

  async readPage(id: Uint8Array): Promise<Page> {
    return await this.#records.readPage(id);
  }
}
