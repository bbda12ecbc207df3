import type { RepositoryRecord } from "../repositories/repository-record.ts";
import type { Queries } from "./database.ts";
import type { RepositoryRow } from "./schema.ts";

const toRow = (repository: RepositoryRecord): RepositoryRow => ({
  repository_id: repository.repositoryId,
  name: repository.name,
  address: repository.address,
  created_ms: repository.createdMs,
});

const fromRow = (row: RepositoryRow): RepositoryRecord => ({
  repositoryId: row.repository_id,
  name: row.name,
  address: row.address,
  createdMs: row.created_ms,
});

/** Writes a repository, new or changed. */
export const saveRepository = async (queries: Queries, repository: RepositoryRecord): Promise<void> => {
  const { repository_id: _id, ...changed } = toRow(repository);
  await queries
    .insertInto("repositories")
    .values(toRow(repository))
    .onConflict((conflict) => conflict.column("repository_id").doUpdateSet(changed))
    .execute();
};

/** All repositories, by name. */
export const listRepositories = async (queries: Queries): Promise<readonly RepositoryRecord[]> =>
  (await queries.selectFrom("repositories").selectAll().orderBy("name").execute()).map(fromRow);

export const removeRepository = async (queries: Queries, repositoryId: string): Promise<void> => {
  await queries.deleteFrom("repositories").where("repository_id", "=", repositoryId).execute();
};
