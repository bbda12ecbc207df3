import { decodeTable, type IndexedEntry } from "../store/pack-contents.ts";

const rowsPerTransaction = 1000;

/** The table of each kind of record. */
export const tableOf = { chunk: "chunks", page: "pages" } as const;

/** A record of a pack, with its place in the table of contents. */
export interface SlottedEntry extends IndexedEntry {
  readonly slot: number;
}

/** The entries of a table of contents with their places in it, in key order. */
export const slotted = (table: Uint8Array): SlottedEntry[] =>
  Array.from(decodeTable(table), (entry, slot) => ({ ...entry, slot })).sort((a, b) => Buffer.compare(a.id, b.id));

/** Runs a transaction on every 1,000 entries, and once on none. */
export const inBatches = (
  entries: readonly SlottedEntry[],
  run: (batch: readonly SlottedEntry[], last: boolean) => void,
): void => {
  let start = 0;
  do {
    const end = start + rowsPerTransaction;
    run(entries.slice(start, end), end >= entries.length);
    start = end;
  } while (start < entries.length);
};
