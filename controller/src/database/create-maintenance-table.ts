import type { Transaction } from "kysely";
import type { Tables } from "./schema.ts";

/** Makes the table of what sessions of maintenance are to do. Never changed after a release. */
export const createMaintenanceTable = async ({ schema }: Transaction<Tables>): Promise<void> => {
  await schema
    .createTable("maintenance")
    .addColumn("session_id", "text", (column) => column.primaryKey().notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("repository_id", "text", (column) => column.notNull())
    .addColumn("request", "text", (column) => column.notNull())
    .execute();
};
