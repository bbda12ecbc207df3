import type { BasePoint } from "../capture/plan-disks.ts";
import { listAttempts } from "../database/attempts-table.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import { tryPrepared } from "./prepared-backup.ts";

/**
 * Whether the checkpoint of a base is older than the manager's last being trusted anew: then it says nothing about the engine that
 * answers now. A point is named as the task that made it, whose attempts say in which era they were planned; a point that nobody
 * here remembers is doubted, unless its manager was never trusted anew.
 */
export const isDoubted = async (
  { managers, database }: Pick<WorkDeps, "managers" | "database">,
  managerId: string,
  { pointId }: Pick<BasePoint, "pointId">,
): Promise<boolean> => {
  const { era } = managers.get(managerId).record;
  if (era === 0) return false;
  const attempts = await listAttempts(database.queries, pointId);
  return !attempts.some(({ prepared }) => (tryPrepared(prepared)?.era ?? -1) >= era);
};
