import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { keptSettings } from "../configurations/kept-configuration.ts";
import type { Database, Queries } from "../database/database.ts";
import { listJobs } from "../database/jobs-table.ts";
import { listMembers } from "../database/members-table.ts";
import { listRepositories, saveRepository } from "../database/repositories-table.ts";
import { changeSession, findSession, listOpenSessionIds } from "../database/sessions-table.ts";
import { type Remark, withRemarks } from "../sessions/remark.ts";

/** What a recovery found in the database, for the operator. */
export interface CalmedDatabase {
  /** Names of the jobs that were enabled. */
  readonly disabledJobs: readonly string[];
  readonly cancelledSessions: number;
  /** Agents and repositories that are believed. */
  readonly agents: readonly string[];
  readonly repositories: readonly { readonly repositoryId: string; readonly name: string; readonly address: string }[];
}

const remark: Remark = {
  level: "notice",
  code: "CANCELLED",
  message: "the installation was rebuilt from a backup that was made while this ran",
  diskId: "",
};

/**
 * Makes a database that was put back start nothing and believe no secret that may have been taken back since: jobs are disabled,
 * sessions cancelled, invitations void, users' tokens revoked; and it says of no repository that it is backed up.
 */
export const calmDatabase = (database: Database, { nowMs, repositoriesAt }: CalmWish): Promise<CalmedDatabase> =>
  database.inTransaction(async (queries) => {
    await moveRepositories(queries, repositoriesAt);
    const jobs = await listJobs(queries);
    const members = await listMembers(queries);
    const cancelledSessions = await cancelSessions(queries);
    await queries.updateTable("jobs").set({ enabled: 0 }).execute();
    await queries
      .updateTable("invitations")
      .set({ expires_ms: nowMs })
      .where("used_ms", "is", null)
      .where("expires_ms", ">", nowMs)
      .execute();
    await queries.updateTable("user_tokens").set({ revoked_ms: nowMs }).where("revoked_ms", "is", null).execute();
    await queries.deleteFrom("settings").where("name", "like", `${keptSettings}%`).execute();
    return {
      disabledJobs: jobs.filter(({ enabled }) => enabled).map(({ name }) => name),
      cancelledSessions,
      agents: members.filter(({ role, revokedMs }) => role === "agent" && revokedMs === null).map(({ name }) => name),
      repositories: (await listRepositories(queries)).map(({ repositoryId, name, address }) => ({
        repositoryId,
        name,
        address,
      })),
    };
  });

/** When it is, and where repositories are reached now, by name or id; as before where nothing is given. */
export interface CalmWish {
  readonly nowMs: number;
  readonly repositoriesAt: ReadonlyMap<string, string>;
}

const moveRepositories = async (queries: Queries, repositoriesAt: CalmWish["repositoriesAt"]): Promise<void> => {
  const known = await listRepositories(queries);
  for (const [nameOrId, address] of repositoriesAt) {
    const repository = known.find(({ name, repositoryId }) => name === nameOrId || repositoryId === nameOrId);
    if (repository === undefined) {
      const names = known.map(({ name }) => name).join(", ");
      throw new HoldfastError("NOT_FOUND", `the backup knows no repository ${nameOrId}; it knows: ${names}`);
    }
    await saveRepository(queries, { ...repository, address });
  }
};

const cancelSessions = async (queries: Queries): Promise<number> => {
  const open = await listOpenSessionIds(queries);
  for (const sessionId of open) {
    const session = await findSession(queries, sessionId);
    if (session === undefined) continue;
    await changeSession(queries, sessionId, { wish: "cancel", remarks: withRemarks(session.remarks, [remark]) });
  }
  return open.length;
};
