import type { Queries } from "./database.ts";
import type { WholeReadRow } from "./reading-rows.ts";

/** A VM as one repository has it. */
export interface VmInRepository {
  readonly engineInstanceId: string;
  readonly vmId: string;
  readonly repositoryId: string;
}

/** Remembers that a VM was read whole. */
export const noteWholeRead = async (queries: Queries, vm: VmInRepository, readMs: number): Promise<void> => {
  await queries
    .insertInto("whole_reads")
    .values(toRow(vm, readMs))
    .onConflict((conflict) =>
      conflict.columns(["engine_instance_id", "vm_id", "repository_id"]).doUpdateSet({ read_ms: readMs }),
    )
    .execute();
};

/** Lets the time until a VM's next audit run from a moment, where nothing is known of it. */
export const countFrom = async (queries: Queries, vm: VmInRepository, readMs: number): Promise<void> => {
  await queries
    .insertInto("whole_reads")
    .values(toRow(vm, readMs))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
};

/** When a VM was last read whole; undefined when nobody knows. */
export const lastWholeRead = async (queries: Queries, vm: VmInRepository): Promise<number | undefined> => {
  const row = await queries
    .selectFrom("whole_reads")
    .select("read_ms")
    .where("engine_instance_id", "=", vm.engineInstanceId)
    .where("vm_id", "=", vm.vmId)
    .where("repository_id", "=", vm.repositoryId)
    .executeTakeFirst();
  return row?.read_ms;
};

const toRow = ({ engineInstanceId, vmId, repositoryId }: VmInRepository, readMs: number): WholeReadRow => ({
  engine_instance_id: engineInstanceId,
  vm_id: vmId,
  repository_id: repositoryId,
  read_ms: readMs,
});
