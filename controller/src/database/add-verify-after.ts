import type { Transaction } from "kysely";
import type { Tables } from "./schema.ts";

/** Gives jobs their wish to have points read back; off for those that are there. Never changed after a release. */
export const addVerifyAfter = async ({ schema }: Transaction<Tables>): Promise<void> => {
  await schema
    .alterTable("jobs")
    .addColumn("verify_after", "bigint", (column) => column.notNull().defaultTo(0))
    .execute();
};
