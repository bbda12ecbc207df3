import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PlannedVmSchema } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { type Estimate, forecastDisk, forecastSeconds, sumEstimates } from "../../backups/forecast.ts";
import type { CapturePlan } from "../../capture/plan-disks.ts";
import { reasons } from "../../capture/reasons.ts";
import { listPastBackupsOfRepository, listPastBackupsOfVm } from "../../database/past-backups.ts";
import type { Vm } from "../../hypervisor/inventory.ts";
import type { ApiDeps } from "../api-deps.ts";

/** A plan of a VM's backup, and where it goes. */
export interface PlanOfVm {
  readonly vm: Vm;
  readonly plan: CapturePlan;
  readonly engineInstanceId: string;
  readonly repositoryId: string;
}

type Forecast = Pick<
  MessageInitShape<typeof PlannedVmSchema>,
  "disks" | "expectedBytes" | "expectedSeconds" | "timeBasis"
>;

/** The disks of a plan with what they are expected to read, and how long that takes. */
export const forecastPlan = async (
  { database: { queries } }: Pick<ApiDeps, "database">,
  { vm, plan, engineInstanceId, repositoryId }: PlanOfVm,
): Promise<Forecast> => {
  const facts = {
    actualBytes: new Map(vm.disks.map(({ id, actualBytes }) => [id, actualBytes])),
    own: await listPastBackupsOfVm(queries, { engineInstanceId, vmId: vm.id, repositoryId }),
    others: await listPastBackupsOfRepository(queries, repositoryId),
  };
  const estimates = plan.disks.map((disk) => forecastDisk(disk, facts));
  const bytes = sumEstimates(estimates);
  const seconds = forecastSeconds(plan.disks, bytes, facts);
  return {
    disks: plan.disks.map((disk, index) => toDisk(disk, estimates[index] ?? { value: undefined, basis: "" })),
    ...(bytes === undefined ? {} : { expectedBytes: BigInt(bytes) }),
    ...(seconds.value === undefined ? {} : { expectedSeconds: BigInt(seconds.value) }),
    timeBasis: seconds.basis,
  };
};

const toDisk = (disk: CapturePlan["disks"][number], { value, basis }: Estimate) => ({
  diskId: disk.id,
  alias: disk.alias,
  sizeBytes: BigInt(disk.sizeBytes),
  mode: disk.mode,
  reason: disk.reason,
  words: reasons[disk.reason].words,
  ...(value === undefined ? {} : { expectedBytes: BigInt(value) }),
  basis,
});
