import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { SqliteError } from "better-sqlite3";

/** True when what SQLite threw says that the file is damaged, or none of SQLite's. */
export const isUnreadable = (caught: unknown): boolean =>
  caught instanceof SqliteError && (caught.code.startsWith("SQLITE_CORRUPT") || caught.code === "SQLITE_NOTADB");

/** What SQLite threw, as REPOSITORY_FULL or IO_FAILED. */
export const toIndexError = (caught: unknown, path: string): HoldfastError => {
  const full = caught instanceof SqliteError && caught.code === "SQLITE_FULL";
  return new HoldfastError(full ? "REPOSITORY_FULL" : "IO_FAILED", `the index ${path} cannot be used`, {
    cause: caught,
  });
};
