import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PlannedVmSchema } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { mapBounded } from "@holdfast/shared/lifecycle/bounded";
import { examineForBackup } from "../../backups/examine.ts";
import type { Job, JobVm } from "../../jobs/job.ts";
import { place } from "../../placement/place.ts";
import { placementTaskOf } from "../../sessions/placement-task-of.ts";
import { readQueue } from "../../sessions/read-queue.ts";
import type { ApiDeps } from "../api-deps.ts";
import { toRemark } from "../to-common.ts";

type PlannedVm = MessageInitShape<typeof PlannedVmSchema>;

/** What a run of the job would do now with each VM; one that cannot be backed up says why. */
export const planJob = async (deps: ApiDeps, job: Job, signal: AbortSignal): Promise<readonly PlannedVm[]> => {
  const { fleet } = await readQueue(deps.database.queries, deps);
  return mapBounded(
    job.vms,
    4,
    async (vm, inner) => {
      const planned = await planVm(deps, job, vm, inner);
      const { clusterId } = deps.managers.find(vm.managerId)?.inventory?.vms.find(({ id }) => id === vm.vmId) ?? {
        clusterId: "",
      };
      return {
        ...planned,
        placement: place(placementTaskOf({ ...vm, clusterId, isRestore: false }, deps.managers), fleet).words,
      };
    },
    signal,
  );
};

const planVm = async (deps: ApiDeps, job: Job, vm: JobVm, signal: AbortSignal): Promise<PlannedVm> => {
  const excludedDiskIds = job.excludedDisks.filter(({ vmId }) => vmId === vm.vmId).map(({ diskId }) => diskId);
  try {
    const { engineInstanceId } = deps.managers.get(vm.managerId).record;
    const wish = { ...vm, engineInstanceId, repositoryId: job.repositoryId, excludedDiskIds, capture: job.capture };
    const { vm: found, plan, choice } = await examineForBackup(deps, { ...wish, distrustTracking: false }, signal);
    return {
      vmId: vm.vmId,
      name: found.name,
      basePointId: plan.basePointId ?? "",
      capture: choice.kind,
      disks: plan.disks.map(({ id, alias, sizeBytes, mode, reason }) => ({
        diskId: id,
        alias,
        sizeBytes: BigInt(sizeBytes),
        mode,
        reason,
      })),
      remarks: [...choice.remarks, ...plan.remarks].map(toRemark),
    };
  } catch (caught) {
    signal.throwIfAborted();
    const { code, message } = HoldfastError.from(caught);
    if (code === "INTERNAL") throw caught;
    return { vmId: vm.vmId, name: vm.vmName, remarks: [{ level: "error", code, message }] };
  }
};
