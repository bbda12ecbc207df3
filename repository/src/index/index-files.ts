import { existsSync, rmSync } from "node:fs";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import Database, { type Database as Connection } from "better-sqlite3";
import { isUnreadable, toIndexError } from "./index-error.ts";

/**
 * Refuses a database that is of something else, such as the controller's: an index is removed when it is made anew, and a slip of the
 * pen must remove nothing. What is damaged, or absent, may be one of ours. INVALID_ARGUMENT, IO_FAILED.
 */
export const refuseForeign = (path: string): void => {
  if (!existsSync(path)) return;
  let isForeign: boolean;
  try {
    const connection = new Database(path, { readonly: true, timeout: 10_000 });
    try {
      isForeign = isOfSomethingElse(connection);
    } finally {
      connection.close();
    }
  } catch (caught) {
    if (isUnreadable(caught)) return;
    throw toIndexError(caught, path);
  }
  if (isForeign)
    throw new HoldfastError("INVALID_ARGUMENT", `${path} is a database, and no index: it is left as it is`);
};

const isOfSomethingElse = (connection: Connection): boolean => {
  const tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
  return tables.length > 0 && !(tables.includes("meta") && tables.includes("packs"));
};

/** Removes an index with its log, so that it can be made anew; nothing where there is none. */
export const removeIndexFiles = (path: string): void => {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
};
