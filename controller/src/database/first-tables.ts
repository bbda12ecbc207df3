import type { Transaction } from "kysely";
import type { Tables } from "./schema.ts";

/** A table as words: `name` of required columns, lists by type, and its keys. */
interface TableWords {
  readonly name: string;
  readonly texts: string;
  readonly numbers?: string;
  readonly optionalTexts?: string;
  readonly optionalNumbers?: string;
  readonly key: string;
  readonly unique?: string;
  readonly indexes?: readonly string[];
}

/** The tables of schema version 1. Never changed after a release: later versions are steps of their own. */
const firstTables: readonly TableWords[] = [
  {
    name: "managers",
    texts:
      "manager_id name url username password_sealed api_anchor_pem imageio_anchor_pem engine_instance_id engine_version",
    numbers: "created_ms",
    optionalTexts: "refused_reason",
    key: "manager_id",
    unique: "name",
  },
  {
    name: "repositories",
    texts: "repository_id name address",
    numbers: "created_ms",
    key: "repository_id",
    unique: "name",
  },
  {
    name: "jobs",
    texts: "job_id name description repository_id daily_at time_zone codec",
    numbers: "enabled keep_days handled_ms created_ms",
    key: "job_id",
    unique: "name",
  },
  { name: "job_vms", texts: "job_id manager_id vm_id vm_name", numbers: "position", key: "job_id manager_id vm_id" },
  { name: "job_excluded_disks", texts: "job_id vm_id disk_id", key: "job_id disk_id" },
  {
    name: "sessions",
    texts: "session_id kind job_id job_name trigger_kind state wish time_zone calendar_day remarks",
    numbers: "created_ms",
    optionalTexts: "result",
    optionalNumbers: "started_ms ended_ms",
    key: "session_id",
    indexes: ["state created_ms", "job_id created_ms"],
  },
  {
    name: "tasks",
    texts:
      "task_id session_id kind manager_id engine_instance_id cluster_id vm_id vm_name repository_id state doing scope placement " +
      "point_id restored_vm_id restored_vm_name remarks totals",
    numbers: "position queued_ms not_before_ms",
    optionalTexts: "plan result",
    optionalNumbers: "started_ms ended_ms",
    key: "task_id",
    indexes: ["session_id position", "state"],
  },
  {
    name: "attempts",
    texts: "task_id attempt_id agent_id agent_name incarnation state fence",
    numbers: "number cleaned started_ms",
    optionalTexts: "prepared ending",
    optionalNumbers: "ended_ms",
    key: "task_id number",
    unique: "attempt_id",
    indexes: ["state agent_id"],
  },
  {
    name: "agents",
    texts: "agent_id name version incarnation manager_name cluster_name host_name disk_service_address reachable_hosts",
    numbers: "slots started_ms seen_ms",
    key: "agent_id",
  },
  {
    name: "journal",
    texts: "entry_id manager_id task_id attempt_id kind vm_id object_id facts",
    numbers: "attempt_number written_ms",
    key: "entry_id",
    indexes: ["task_id attempt_number", "manager_id"],
  },
  { name: "unknown_attempts", texts: "task_id attempt_id", numbers: "number heard_ms", key: "task_id number" },
  {
    name: "unknown_fences",
    texts: "task_id repository_id",
    numbers: "number fenced_ms",
    key: "task_id number repository_id",
  },
  { name: "settings", texts: "name value", key: "name" },
];

/** Makes the tables of schema version 1. */
export const createFirstTables = async (transaction: Transaction<Tables>): Promise<void> => {
  for (const table of firstTables) await createTable(transaction, table);
};

const createTable = async ({ schema }: Transaction<Tables>, table: TableWords): Promise<void> => {
  let builder = schema.createTable(table.name).addPrimaryKeyConstraint(`${table.name}_key`, words(table.key) as never);
  for (const column of words(table.texts)) builder = builder.addColumn(column, "text", (text) => text.notNull());
  for (const column of words(table.numbers)) builder = builder.addColumn(column, "bigint", (count) => count.notNull());
  for (const column of words(table.optionalTexts)) builder = builder.addColumn(column, "text");
  for (const column of words(table.optionalNumbers)) builder = builder.addColumn(column, "bigint");
  if (table.unique !== undefined)
    builder = builder.addUniqueConstraint(`${table.name}_unique`, words(table.unique) as never);
  await builder.execute();
  for (const index of table.indexes ?? []) {
    const name = `${table.name}_by_${index.replaceAll(" ", "_")}`;
    await schema
      .createIndex(name)
      .on(table.name)
      .columns([...words(index)])
      .execute();
  }
};

const words = (text: string | undefined): readonly string[] => text?.split(" ").filter((word) => word !== "") ?? [];
