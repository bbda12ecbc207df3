import type { RestoreTarget } from "@holdfast/proto/holdfast/controller/v1/restore_pb";
import { usableManager } from "../../backups/examine.ts";
import { findPoint } from "../../repositories/find-point.ts";
import { type RestorePlan, planRestore } from "../../restore/plan-restore.ts";
import { type ReadPoint, readFoundPoint } from "../../restore/read-point.ts";
import type { ApiDeps } from "../api-deps.ts";
import { inventories } from "../inventory/inventories.ts";

/** A restore as an operator asked for it. */
export interface RestoreQuestion {
  readonly pointId: string;
  readonly target: RestoreTarget | undefined;
  /** Empty for the whole VM. */
  readonly disk: string;
}

/** A point, and what restoring it would do. */
export interface LookedAt {
  readonly point: ReadPoint;
  readonly plan: RestorePlan;
}

/** Finds the point and resolves the target against what the managers have. */
export const lookAt = async (
  deps: ApiDeps,
  { pointId, target, disk }: RestoreQuestion,
  signal: AbortSignal,
): Promise<LookedAt> => {
  const { repositories } = deps;
  const point = await readFoundPoint(repositories.keys, await findPoint(repositories.list(), pointId, signal), signal);
  await inventories(deps, "missing", signal);
  const managers = deps.managers.list().map(({ record, inventory }) => ({
    managerId: record.managerId,
    name: record.name,
    engineInstanceId: record.engineInstanceId,
    inventory,
  }));
  const { manager = "", cluster = "", storageDomain = "" } = target ?? {};
  const plan = planRestore(point, { manager, cluster, storageDomain, disk }, managers);
  usableManager(deps, plan.managerId);
  return { point, plan };
};
