import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import SqliteFile from "better-sqlite3";
import { Kysely, SqliteDialect } from "kysely";
import { migrate } from "./migrate.ts";
import type { Tables } from "./schema.ts";

/** What queries run on: the database itself, or a transaction of it. */
export type Queries = Kysely<Tables>;

/** The controller's durable state. */
export interface Database extends AsyncDisposable {
  /** For reads and single statements. Never used inside `inTransaction`: the one connection is taken then. */
  readonly queries: Queries;
  /** Runs `step` as one transaction: all of it is durable when this resolves, or nothing happened. Steps run one after another. */
  inTransaction<T>(step: (queries: Queries) => Promise<T>): Promise<T>;
  /** Copies all of it, as of one moment, into a file that must not exist; work goes on meanwhile. IO_FAILED. */
  copyTo(path: string): Promise<void>;
}

/**
 * Opens (and makes) the SQLite file at `path` (`:memory:` for none) with a write-ahead log and `synchronous=FULL`: what was
 * committed survives a power failure. IO_FAILED, or SCHEMA_TOO_NEW.
 */
export const openDatabase = async (path: string, clock: Clock): Promise<Database> => {
  const file = await openFile(path);
  const queries = new Kysely<Tables>({ dialect: new SqliteDialect({ database: file }) });
  try {
    await migrate(queries, clock);
  } catch (caught) {
    await queries.destroy();
    throw caught;
  }
  return {
    queries,
    inTransaction: (step) => queries.transaction().execute(step),
    copyTo: (path) => copyFile(file, path),
    [Symbol.asyncDispose]: () => queries.destroy(),
  };
};

const openFile = async (path: string): Promise<SqliteFile.Database> => {
  try {
    if (path !== ":memory:") await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = new SqliteFile(path);
    file.pragma("journal_mode = WAL");
    file.pragma("synchronous = FULL");
    file.pragma("foreign_keys = ON");
    return file;
  } catch (caught) {
    throw new HoldfastError("IO_FAILED", `cannot open the database ${path}`, { cause: caught, details: { path } });
  }
};

/** A connection of its own: the other one may be amid a transaction. Its open reading holds one moment, whatever is written meanwhile. */
const backUp = async (from: string, to: string): Promise<void> => {
  const reader = new SqliteFile(from, { readonly: true });
  try {
    reader.exec("BEGIN");
    reader.prepare("SELECT count(*) FROM schema_versions").get();
    await reader.backup(to);
  } finally {
    reader.close();
  }
};

const copyFile = async (file: SqliteFile.Database, path: string): Promise<void> => {
  try {
    await writeFile(path, file.memory ? file.serialize() : "", { flag: "wx", mode: 0o600 });
    if (!file.memory) await backUp(file.name, path);
  } catch (caught) {
    throw new HoldfastError("IO_FAILED", `cannot copy the database to ${path}`, { cause: caught, details: { path } });
  }
};
