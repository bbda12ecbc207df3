import type { Page } from "@holdfast/shared/format/page";
import type { RecordKind } from "@holdfast/shared/format/record-header";
import type { IndexClient } from "../index/index-client.ts";
import type { IndexRow } from "../index/index-database.ts";
import type { PackRow } from "../index/pack-rows.ts";
import type { PacksView } from "./collection-store.ts";
import type { Condemned } from "./condemned.ts";
import type { StoredRecords } from "./stored-records.ts";

/** The packs of a repository that is open, however it was opened. */
export class OpenedPacks implements PacksView {
  readonly condemned: Condemned;
  readonly #index: IndexClient;
  readonly #records: StoredRecords;

  constructor(index: IndexClient, records: StoredRecords, condemned: Condemned) {
    this.condemned = condemned;
    this.#index = index;
    this.#records = records;
  }

  async packs(): Promise<readonly PackRow[]> {
    const packs = await this.#index.packs();
    return packs.filter((pack) => pack.isComplete && !this.condemned.packs.has(pack));
  }

  async rows(kind: RecordKind, ids: Uint8Array): Promise<readonly (IndexRow | undefined)[]> {
    return await this.#records.rows(kind, ids);
  }

  async readPage(id: Uint8Array): Promise<Page> {
    return await this.#records.readPage(id);
  }
}
