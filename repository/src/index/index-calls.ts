import type { RecordKind } from "@holdfast/shared/format/record-header";
import type { PackKey } from "../store/object-names.ts";
import type { DroppedRecord, IndexCounts, IndexedPack, IndexHistory } from "./index-database.ts";
import type { StandFor } from "./standing-table.ts";

/** What the index's thread can be asked. */
export interface IndexCalls {
  readonly [name: string]: (argument: never) => unknown;
  open(argument: { readonly path: string; readonly repositoryId: string }): IndexHistory | undefined;
  reset(argument: undefined): void;
  setHistory(history: IndexHistory): void;
  /** Packs as `pack-rows.ts` encodes them. */
  packs(argument: undefined): Float64Array;
  addPack(pack: IndexedPack): void;
  beginLoad(argument: undefined): void;
  loadNext(argument: undefined): boolean;
  endLoad(argument: undefined): void;
  dropPack(pack: IndexedPack): void;
  dropPacks(keys: readonly PackKey[]): void;
  dropRecords(records: readonly DroppedRecord[]): void;
  recordsOf(argument: PackKey & { readonly kind: RecordKind }): readonly DroppedRecord[];
  /** Rows as `index-rows.ts` encodes them. */
  lookup(argument: { readonly kind: RecordKind; readonly ids: Uint8Array }): Uint32Array;
  addStanding(what: StandFor): void;
  /** One byte an id: 1 when that VM may rely on it. */
  readStanding(argument: { readonly ids: Uint8Array; readonly vm: string }): Uint8Array;
  counts(argument: undefined): IndexCounts;
}
