import { createHash } from "node:crypto";
import { idAt, idSize } from "@holdfast/shared/format/content-id";
import { type RecordKind, recordKindNumbers } from "@holdfast/shared/format/record-header";
import { packEntrySize } from "../../store/pack-contents.ts";
import type { IndexedPack } from "../index-database.ts";

/** A record of a synthetic pack. */
export interface SyntheticRecord {
  readonly id: Uint8Array;
  readonly offset: number;
}

/** A pack whose table of contents lists records of a kind; lengths and levels follow from offsets. */
export const syntheticPack = (sequence: number, kind: RecordKind, records: readonly SyntheticRecord[]): IndexedPack => {
  const table = Buffer.alloc(records.length * packEntrySize);
  records.forEach(({ id, offset }, slot) => {
    const start = slot * packEntrySize;
    table.set(id, start);
    table.writeUInt32LE(offset, start + 32);
    table.writeUInt32LE(1_048_576, start + 36);
    table.writeUInt32LE((offset % 1_000_000) + 1, start + 40);
    table[start + 44] = recordKindNumbers[kind];
    table[start + 45] = 2;
    table[start + 46] = kind === "page" ? offset % 4 : 0;
  });
  return { epoch: 1, sequence, kind, sizeBytes: 48 * 1024 * 1024, createdMs: 1, table };
};

/** Records of each synthetic pack: what 48 MiB of half-compressible chunks of 1 MiB make. */
export const syntheticRecords = 96;

/** The ids of the chunks of a synthetic pack, one after another; always the same. */
export const syntheticIds = (sequence: number): Uint8Array =>
  createHash("shake256", { outputLength: syntheticRecords * idSize })
    .update(`pack ${sequence}`)
    .digest();

/** The id of a synthetic chunk by its number, from 0. */
export const syntheticId = (number: number): Uint8Array =>
  idAt(syntheticIds(Math.floor(number / syntheticRecords) + 1), number % syntheticRecords);

/** Packs of chunks, until there are `chunks`, at least. */
export function* syntheticPacks(chunks: number): Generator<IndexedPack> {
  for (let sequence = 1; (sequence - 1) * syntheticRecords < chunks; sequence += 1) {
    const ids = syntheticIds(sequence);
    const offsetOf = (slot: number): number => 64 + slot * 500_000;
    const records = Array.from({ length: syntheticRecords }, (_, slot) => ({
      id: idAt(ids, slot),
      offset: offsetOf(slot),
    }));
    yield syntheticPack(sequence, "chunk", records);
  }
}
