import type { Transaction } from "kysely";
import type { Tables } from "./schema.ts";

/** Gives jobs their wishes about captures; those that are there get the defaults. Never changed after a release. */
export const addCapturePolicy = async ({ schema }: Transaction<Tables>): Promise<void> => {
  await schema
    .alterTable("jobs")
    .addColumn("capture", "text", (column) => column.notNull().defaultTo("auto"))
    .execute();
  await schema
    .alterTable("jobs")
    .addColumn("legacy_capture", "bigint", (column) => column.notNull().defaultTo(0))
    .execute();
  await schema
    .alterTable("jobs")
    .addColumn("consistency", "text", (column) => column.notNull().defaultTo("none"))
    .execute();
};
