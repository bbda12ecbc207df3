import type { ManagerRecord } from "../inventory/manager.ts";
import type { Queries } from "./database.ts";
import type { ManagerRow } from "./schema.ts";

const toRow = (manager: ManagerRecord): ManagerRow => ({
  manager_id: manager.managerId,
  name: manager.name,
  url: manager.url,
  username: manager.username,
  password_sealed: manager.passwordSealed,
  api_anchor_pem: manager.apiAnchorPem,
  imageio_anchor_pem: manager.imageioAnchorPem,
  engine_instance_id: manager.engineInstanceId,
  engine_version: manager.engineVersion,
  refused_reason: manager.refusedReason,
  era: manager.era,
  created_ms: manager.createdMs,
});

const fromRow = (row: ManagerRow): ManagerRecord => ({
  managerId: row.manager_id,
  name: row.name,
  url: row.url,
  username: row.username,
  passwordSealed: row.password_sealed,
  apiAnchorPem: row.api_anchor_pem,
  imageioAnchorPem: row.imageio_anchor_pem,
  engineInstanceId: row.engine_instance_id,
  engineVersion: row.engine_version,
  refusedReason: row.refused_reason,
  era: row.era,
  createdMs: row.created_ms,
});

/** Writes a manager, new or changed. */
export const saveManager = async (queries: Queries, manager: ManagerRecord): Promise<void> => {
  const { manager_id: _id, ...changed } = toRow(manager);
  await queries
    .insertInto("managers")
    .values(toRow(manager))
    .onConflict((conflict) => conflict.column("manager_id").doUpdateSet(changed))
    .execute();
};

/** All managers, by name. */
export const listManagers = async (queries: Queries): Promise<readonly ManagerRecord[]> =>
  (await queries.selectFrom("managers").selectAll().orderBy("name").execute()).map(fromRow);

export const removeManager = async (queries: Queries, managerId: string): Promise<void> => {
  await queries.deleteFrom("managers").where("manager_id", "=", managerId).execute();
};

/** Keeps that the engine refused the login (or, with null, that an operator acted) over restarts (R14). */
export const markRefused = async (queries: Queries, managerId: string, reason: string | null): Promise<void> => {
  await queries.updateTable("managers").set({ refused_reason: reason }).where("manager_id", "=", managerId).execute();
};
