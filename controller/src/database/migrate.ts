import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Kysely } from "kysely";
import { migrations } from "./migrations.ts";
import type { Tables } from "./schema.ts";

/** The version that this program reads and writes. */
export const schemaVersion = migrations.at(-1)?.version ?? 0;

/** Brings a database up to this program's version, one transaction a step. SCHEMA_TOO_NEW when a newer program was here. */
export const migrate = async (database: Kysely<Tables>, clock: Clock): Promise<void> => {
  await database.schema
    .createTable("schema_versions")
    .ifNotExists()
    .addColumn("version", "bigint", (column) => column.primaryKey())
    .addColumn("applied_ms", "bigint", (column) => column.notNull())
    .execute();
  const present = await versionOf(database);
  if (present > schemaVersion) {
    const message = `the database has schema version ${present}, this program knows up to ${schemaVersion}`;
    throw new HoldfastError("SCHEMA_TOO_NEW", message, { details: { present, known: schemaVersion } });
  }
  for (const migration of migrations.filter(({ version }) => version > present)) {
    await database.transaction().execute(async (transaction) => {
      await migration.up(transaction);
      const row = { version: migration.version, applied_ms: clock.nowMs() };
      await transaction.insertInto("schema_versions").values(row).execute();
    });
  }
};

const versionOf = async (database: Kysely<Tables>): Promise<number> => {
  const row = await database
    .selectFrom("schema_versions")
    .select((expression) => expression.fn.max("version").as("version"))
    .executeTakeFirst();
  return row?.version ?? 0;
};
