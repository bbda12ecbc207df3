import type { SessionId } from "@holdfast/shared/ids/ids";
import { type Maintenance, type MaintenanceRequest, maintenanceRequestSchema } from "../maintenance/maintenance.ts";
import { type MaintenanceKind, maintenanceKinds } from "../maintenance/maintenance-kind.ts";
import * as z from "zod";
import type { Queries } from "./database.ts";
import { fromJson, toJson } from "./json.ts";
import type { MaintenanceRow } from "./schema.ts";

const toRow = ({ sessionId, kind, repositoryId, request }: Maintenance): MaintenanceRow => ({
  session_id: sessionId,
  kind,
  repository_id: repositoryId,
  request: toJson(request),
});

const fromRow = (row: MaintenanceRow): Maintenance => ({
  sessionId: row.session_id as SessionId,
  kind: z.enum(maintenanceKinds).parse(row.kind) satisfies MaintenanceKind,
  repositoryId: row.repository_id,
  request: fromJson(maintenanceRequestSchema, row.request, "maintenance.request"),
});

/** Writes what a session is to do; what is there already stays. */
export const insertMaintenance = async (queries: Queries, maintenance: Maintenance): Promise<void> => {
  await queries
    .insertInto("maintenance")
    .values(toRow(maintenance))
    .onConflict((conflict) => conflict.column("session_id").doNothing())
    .execute();
};

/** Puts another request in the place of what was written. */
export const updateMaintenanceRequest = async (
  queries: Queries,
  sessionId: string,
  request: MaintenanceRequest,
): Promise<void> => {
  await queries
    .updateTable("maintenance")
    .set({ request: toJson(request) })
    .where("session_id", "=", sessionId)
    .execute();
};

export const findMaintenance = async (queries: Queries, sessionId: string): Promise<Maintenance | undefined> => {
  const row = await queries
    .selectFrom("maintenance")
    .selectAll()
    .where("session_id", "=", sessionId)
    .executeTakeFirst();
  return row === undefined ? undefined : fromRow(row);
};

/** What the sessions that have not ended are to do. */
export const listOpenMaintenance = async (queries: Queries): Promise<readonly Maintenance[]> => {
  const rows = await queries
    .selectFrom("maintenance")
    .innerJoin("sessions", "sessions.session_id", "maintenance.session_id")
    .selectAll("maintenance")
    .where("sessions.state", "<>", "ended")
    .execute();
  return rows.map(fromRow);
};
