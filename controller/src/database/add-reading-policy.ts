import type { Transaction } from "kysely";
import type { Tables } from "./schema.ts";

/**
 * Gives jobs their wishes about reading everything, with the defaults for those that are there; remembers when VMs were read whole
 * and when their tracking lied, and finds a VM's tasks. Never changed after a release.
 */
export const addReadingPolicy = async ({ schema }: Transaction<Tables>): Promise<void> => {
  const numbers = { audit_days: 90, audit_bytes: 2 ** 39, sample_chunks: 0 };
  await schema
    .alterTable("jobs")
    .addColumn("active_full_on", "text", (column) => column.notNull().defaultTo(""))
    .execute();
  for (const [name, value] of Object.entries(numbers))
    await schema
      .alterTable("jobs")
      .addColumn(name, "bigint", (column) => column.notNull().defaultTo(value))
      .execute();
  await schema
    .createTable("whole_reads")
    .addColumn("engine_instance_id", "text", (column) => column.notNull())
    .addColumn("vm_id", "text", (column) => column.notNull())
    .addColumn("repository_id", "text", (column) => column.notNull())
    .addColumn("read_ms", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("whole_reads_key", ["engine_instance_id", "vm_id", "repository_id"])
    .execute();
  await schema
    .createTable("tracking_lies")
    .addColumn("engine_instance_id", "text", (column) => column.notNull())
    .addColumn("vm_id", "text", (column) => column.notNull())
    .addColumn("lied_ms", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("tracking_lies_key", ["engine_instance_id", "vm_id"])
    .execute();
  await schema.createIndex("tasks_by_vm_id_ended_ms").on("tasks").columns(["vm_id", "ended_ms"]).execute();
  await schema
    .createIndex("tasks_by_repository_id_ended_ms")
    .on("tasks")
    .columns(["repository_id", "ended_ms"])
    .execute();
};
