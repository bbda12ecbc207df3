import type { VmDetails } from "../hypervisor/inventory.ts";
import { type CaptureKind, expectedKind } from "./capture-kind.ts";
import { type BasePoint, type CapturePlan, planDisks } from "./plan-disks.ts";
import { whyUnfit } from "./vm-fitness.ts";
import type { StepDeps } from "./waiting.ts";
import type { WholeRead } from "./whole-read.ts";

/** What to look at before a backup. */
export interface ExamineRequest {
  readonly vmId: string;
  /** The newest good point of the VM in the repository; undefined for none. */
  readonly base: BasePoint | undefined;
  readonly excludedDiskIds: ReadonlySet<string>;
  /** See `PlanInput.distrustTracking`. */
  readonly distrustTracking?: boolean;
  /** See `PlanInput.doubtsCheckpoint`. */
  readonly doubtsCheckpoint?: boolean;
  /** See `PlanInput.hasLiedSince`. */
  readonly hasLiedSince?: boolean;
  /** See `PlanInput.wholeRead`. */
  readonly wholeRead?: WholeRead | undefined;
}

/** What was found: the VM as it is, and what a backup would do with it now. */
export interface Examination {
  readonly vm: VmDetails;
  readonly plan: CapturePlan;
  readonly expectedKind: CaptureKind;
}

/**
 * Preflight of one VM, read-only, one to three calls. Fails with VM_NOT_FOUND, VM_STATE_UNFIT (worth another try later) or
 * FAILED_PRECONDITION (never will be); a VM without disks to read is not a failure here: look at the plan.
 */
export const examineVm = async (
  { hypervisor }: Pick<StepDeps, "hypervisor">,
  request: ExamineRequest,
  signal: AbortSignal,
): Promise<Examination> => {
  const vm = await hypervisor.getVm(request.vmId, signal);
  const unfit = whyUnfit(vm);
  if (unfit !== undefined) throw unfit;

  const distrusts = [request.distrustTracking, request.doubtsCheckpoint, request.hasLiedSince].includes(true);
  const checkpointId = distrusts ? undefined : request.base?.checkpointId;
  const rows = checkpointId === undefined ? [] : await hypervisor.listCheckpoints(vm.id, signal);
  const checkpoint = rows.find(({ id }) => id === checkpointId);
  const tracked =
    checkpoint?.state === "created" ? await hypervisor.listCheckpointDisks(vm.id, checkpoint.id, signal) : [];

  const plan = planDisks({
    vm,
    base: request.base,
    checkpoint,
    trackedDiskIds: new Set(tracked),
    excludedDiskIds: request.excludedDiskIds,
    distrustTracking: request.distrustTracking === true,
    doubtsCheckpoint: request.doubtsCheckpoint === true,
    hasLiedSince: request.hasLiedSince === true,
    wholeRead: request.wholeRead,
  });
  return { vm, plan, expectedKind: expectedKind(vm) };
};
