import * as z from "zod";
import type { KeyRecord } from "../repositories/keys/key-record.ts";
import type { Queries } from "./database.ts";
import type { RepositoryKeysRow } from "./schema.ts";

const keyIdsSchema = z.array(z.string());

const toRow = (record: KeyRecord): RepositoryKeysRow => ({
  repository_id: record.repositoryId,
  master_sealed: record.masterSealed,
  list_number: record.listNumber,
  active_key_id: record.activeKeyId,
  key_ids: JSON.stringify(record.keyIds),
  changed_ms: record.changedMs,
});

const fromRow = (row: RepositoryKeysRow): KeyRecord => ({
  repositoryId: row.repository_id,
  masterSealed: row.master_sealed,
  listNumber: row.list_number,
  activeKeyId: row.active_key_id,
  keyIds: keyIdsSchema.parse(JSON.parse(row.key_ids)),
  changedMs: row.changed_ms,
});

/** Writes the keys of a repository, new or changed. */
export const saveRepositoryKeys = async (queries: Queries, record: KeyRecord): Promise<void> => {
  const { repository_id: _id, ...changed } = toRow(record);
  await queries
    .insertInto("repository_keys")
    .values(toRow(record))
    .onConflict((conflict) => conflict.column("repository_id").doUpdateSet(changed))
    .execute();
};

/** The keys of all encrypted repositories that were unlocked. */
export const listRepositoryKeys = async (queries: Queries): Promise<readonly KeyRecord[]> =>
  (await queries.selectFrom("repository_keys").selectAll().execute()).map(fromRow);

export const removeRepositoryKeys = async (queries: Queries, repositoryId: string): Promise<void> => {
  await queries.deleteFrom("repository_keys").where("repository_id", "=", repositoryId).execute();
};
