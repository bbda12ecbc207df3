import type { Transaction } from "kysely";
import type { Tables } from "./schema.ts";

/** Makes the table of workers: schema version 3. Never changed after a release. */
export const createWorkersTable = async ({ schema }: Transaction<Tables>): Promise<void> => {
  let builder = schema.createTable("workers").addColumn("worker_id", "text", (column) => column.primaryKey().notNull());
  for (const name of ["name", "manager_id", "cluster_id", "definition", "state", "doing", "unhealthy_reason"])
    builder = builder.addColumn(name, "text", (column) => column.notNull());
  for (const name of ["vm_id", "disk_id", "pending"])
    builder = builder.addColumn(name, "text", (column) => column.notNull());
  for (const name of ["enabled", "moved_ms", "unhealthy_ms", "generation", "removing", "created_ms"])
    builder = builder.addColumn(name, "bigint", (column) => column.notNull());
  await builder
    .addColumn("test", "text")
    .addUniqueConstraint("workers_unique", ["name"] as never)
    .execute();
};
