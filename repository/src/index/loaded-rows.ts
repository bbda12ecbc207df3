import type { Database as Connection } from "better-sqlite3";
import type { RecordKind } from "@holdfast/shared/format/record-header";
import { insertSql } from "./index-sql.ts";
import type { SlottedEntry } from "./pack-entries.ts";

/** A row that is loaded apart from its pack, whose number it names. */
export interface LoadedRow extends SlottedEntry {
  readonly kind: RecordKind;
  readonly pack: number;
}

/** Adds rows of packs that have begun; best in key order. */
export const insertRows = (connection: Connection, rows: Iterable<LoadedRow>): void => {
  const chunk = connection.prepare(insertSql.chunk);
  const page = connection.prepare(insertSql.page);
  for (const { kind, id, pack, offset, plainLength, storedLength, slot, level } of rows) {
    if (kind === "page") page.run(id, pack, offset, plainLength, storedLength, slot, level);
    else chunk.run(id, pack, offset, plainLength, storedLength, slot);
  }
};

/** Says that all rows of packs are there, by their numbers. */
export const completePacks = (connection: Connection, numbers: readonly number[]): void => {
  const complete = connection.prepare("UPDATE packs SET complete = 1 WHERE number = ?");
  for (const number of numbers) complete.run(number);
};
