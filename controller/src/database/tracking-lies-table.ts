import type { Queries } from "./database.ts";

/** A VM as its engine knows it. */
export interface EngineVm {
  readonly engineInstanceId: string;
  readonly vmId: string;
}

/** Remembers that a backup captured at a moment found that a VM's change tracking had lied. */
export const noteTrackingLied = async (
  queries: Queries,
  { engineInstanceId, vmId }: EngineVm,
  liedMs: number,
): Promise<void> => {
  await queries
    .insertInto("tracking_lies")
    .values({ engine_instance_id: engineInstanceId, vm_id: vmId, lied_ms: liedMs })
    .onConflict((conflict) => conflict.columns(["engine_instance_id", "vm_id"]).doUpdateSet({ lied_ms: liedMs }))
    .execute();
};

/** When the newest backup was captured that found it; 0 when none did. */
export const trackingLiedMs = async (queries: Queries, { engineInstanceId, vmId }: EngineVm): Promise<number> => {
  const row = await queries
    .selectFrom("tracking_lies")
    .select("lied_ms")
    .where("engine_instance_id", "=", engineInstanceId)
    .where("vm_id", "=", vmId)
    .executeTakeFirst();
  return row?.lied_ms ?? 0;
};
