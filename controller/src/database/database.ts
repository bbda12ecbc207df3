import { mkdir } from "node:fs/promises";
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
