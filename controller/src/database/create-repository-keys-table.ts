import type { Transaction } from "kysely";
import type { Tables } from "./schema.ts";

/** Makes the table of keys of encrypted repositories. Never changed after a release. */
export const createRepositoryKeysTable = async ({ schema }: Transaction<Tables>): Promise<void> => {
  let builder = schema
    .createTable("repository_keys")
    .addColumn("repository_id", "text", (column) => column.primaryKey().notNull());
  for (const name of ["master_sealed", "active_key_id", "key_ids"])
    builder = builder.addColumn(name, "text", (column) => column.notNull());
  for (const name of ["list_number", "changed_ms"])
    builder = builder.addColumn(name, "bigint", (column) => column.notNull());
  await builder.execute();
};
