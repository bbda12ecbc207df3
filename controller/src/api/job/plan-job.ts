import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PlannedVmSchema } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { mapBounded } from "@holdfast/shared/lifecycle/bounded";
import { examineForBackup } from "../../backups/examine.ts";
import type { WholeRead } from "../../capture/whole-read.ts";
import type { Job, JobVm } from "../../jobs/job.ts";
import { nextNominalMs } from "../../jobs/schedule.ts";
import { type WholeReads, keyOfVm, wholeReadsOf } from "../../jobs/whole-reads-of.ts";
import { place } from "../../placement/place.ts";
import { placementTaskOf } from "../../sessions/placement-task-of.ts";
import { readQueue } from "../../sessions/read-queue.ts";
import type { ApiDeps } from "../api-deps.ts";
import { toRemark } from "../to-common.ts";
import { forecastPlan } from "./forecast-plan.ts";

type PlannedVm = MessageInitShape<typeof PlannedVmSchema>;

/** The run that a plan is for. */
export interface PlannedRun {
  /** The next one by schedule, or now. */
  readonly runMs: number;
  readonly reads: WholeReads["reads"];
}

/** Which run of a job is next, and which VMs it reads whole. */
export const nextRun = async (deps: ApiDeps, job: Job, activeFull = false): Promise<PlannedRun> => {
  const isScheduled = job.enabled && job.dailyAt !== "";
  const runMs = isScheduled ? nextNominalMs(job, deps.clock.nowMs()) : deps.clock.nowMs();
  if (activeFull) return { runMs, reads: new Map(job.vms.map((vm) => [keyOfVm(vm), "active-full"])) };
  return { runMs, reads: isScheduled ? (await wholeReadsOf(deps, job, runMs)).reads : new Map() };
};

/** What a run of the job would do with each VM as it is now; one that cannot be backed up says why. */
export const planJob = async (
  deps: ApiDeps,
  job: Job,
  { reads }: PlannedRun,
  signal: AbortSignal,
): Promise<readonly PlannedVm[]> => {
  const { fleet } = await readQueue(deps.database.queries, deps);
  return mapBounded(
    job.vms,
    4,
    async (vm, inner) => {
      const planned = await planVm(deps, { job, vm, wholeRead: reads.get(keyOfVm(vm)) }, inner);
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

/** What is planned for which VM. */
export interface VmToPlan {
  readonly job: Job;
  readonly vm: JobVm;
  readonly wholeRead: WholeRead | undefined;
}

/** What a backup of one VM of a job would do with it as it is now, and about how much and how long. */
export const planVm = async (
  deps: ApiDeps,
  { job, vm, wholeRead }: VmToPlan,
  signal: AbortSignal,
): Promise<PlannedVm> => {
  const excludedDiskIds = job.excludedDisks.filter(({ vmId }) => vmId === vm.vmId).map(({ diskId }) => diskId);
  const { repositoryId } = job;
  try {
    const { engineInstanceId } = deps.managers.get(vm.managerId).record;
    const wish = { ...vm, engineInstanceId, repositoryId, excludedDiskIds, wholeRead, capture: job.capture };
    const { vm: found, plan, choice } = await examineForBackup(deps, { ...wish, distrustTracking: false }, signal);
    return {
      vmId: vm.vmId,
      name: found.name,
      basePointId: plan.basePointId ?? "",
      capture: choice.kind,
      ...(await forecastPlan(deps, { vm: found, plan, engineInstanceId, repositoryId })),
      remarks: [...choice.remarks, ...plan.remarks].map(toRemark),
    };
  } catch (caught) {
    signal.throwIfAborted();
    const { code, message } = HoldfastError.from(caught);
    if (code === "INTERNAL") throw caught;
    return { vmId: vm.vmId, name: vm.vmName, remarks: [{ level: "error", code, message }] };
  }
};
