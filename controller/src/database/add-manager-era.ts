import type { Transaction } from "kysely";
import type { Tables } from "./schema.ts";

/** Counts how often a manager was trusted anew; never for those that are there. Never changed after a release. */
export const addManagerEra = async ({ schema }: Transaction<Tables>): Promise<void> => {
  await schema
    .alterTable("managers")
    .addColumn("era", "bigint", (column) => column.notNull().defaultTo(0))
    .execute();
};
