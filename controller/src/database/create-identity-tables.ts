import type { Transaction } from "kysely";
import type { Tables } from "./schema.ts";

/** Makes the tables of schema version 2: who may join, who has joined, and which users there are. */
export const createIdentityTables = async ({ schema }: Transaction<Tables>): Promise<void> => {
  await schema
    .createTable("invitations")
    .addColumn("invite_id", "text", (column) => column.primaryKey())
    .addColumn("secret_hash", "text", (column) => column.notNull())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("member_id", "text", (column) => column.notNull())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("manager_name", "text", (column) => column.notNull())
    .addColumn("cluster_name", "text", (column) => column.notNull())
    .addColumn("worker_id", "text", (column) => column.notNull())
    .addColumn("replaces_id", "text", (column) => column.notNull())
    .addColumn("created_ms", "bigint", (column) => column.notNull())
    .addColumn("expires_ms", "bigint", (column) => column.notNull())
    .addColumn("used_ms", "bigint")
    .addColumn("used_key_id", "text", (column) => column.notNull())
    .execute();
  await schema
    .createTable("members")
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("id", "text", (column) => column.notNull())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("key_id", "text", (column) => column.notNull())
    .addColumn("bus_public_key", "text", (column) => column.notNull())
    .addColumn("manager_name", "text", (column) => column.notNull())
    .addColumn("cluster_name", "text", (column) => column.notNull())
    .addColumn("worker_id", "text", (column) => column.notNull())
    .addColumn("joined_ms", "bigint", (column) => column.notNull())
    .addColumn("issued_ms", "bigint", (column) => column.notNull())
    .addColumn("expires_ms", "bigint", (column) => column.notNull())
    .addColumn("revoked_ms", "bigint")
    .addPrimaryKeyConstraint("members_key", ["role", "id"])
    .execute();
  await schema
    .createTable("user_tokens")
    .addColumn("token_id", "text", (column) => column.primaryKey())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("secret_hash", "text", (column) => column.notNull())
    .addColumn("created_ms", "bigint", (column) => column.notNull())
    .addColumn("expires_ms", "bigint")
    .addColumn("last_used_ms", "bigint")
    .addColumn("revoked_ms", "bigint")
    .execute();
};
