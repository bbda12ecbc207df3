import type { VmDetails } from "../hypervisor/inventory.ts";
import { type CapturePolicy, defaultCapturePolicy } from "./capture-policy.ts";
import { type CaptureChoice, chooseCapture } from "./choose-capture.ts";
import { type BasePoint, type CapturePlan, planDisks } from "./plan-disks.ts";
import { snapshotPlan } from "./snapshot-plan.ts";
import { whyUnfit } from "./vm-fitness.ts";
import type { StepDeps } from "./waiting.ts";

/** What to look at before a backup. */
export interface ExamineRequest {
  readonly vmId: string;
  /** The newest good point of the VM in the repository; undefined for none. */
  readonly base: BasePoint | undefined;
  readonly excludedDiskIds: ReadonlySet<string>;
  /** How the job wants it captured; the defaults unless said. */
  readonly policy?: CapturePolicy;
  /** The engine's; empty or left out when nobody knows it. */
  readonly engineVersion?: string;
  /** See `PlanInput.distrustTracking`. */
  readonly distrustTracking?: boolean;
  /** See `PlanInput.doubtsCheckpoint`. */
  readonly doubtsCheckpoint?: boolean;
}

/** What was found: the VM as it is, and what a backup would do with it now. */
export interface Examination {
  readonly vm: VmDetails;
  readonly plan: CapturePlan;
  /** How it would be captured now; the engine may still decide otherwise. */
  readonly choice: CaptureChoice;
}

/**
 * Preflight of one VM, read-only, one to three calls. Fails with VM_NOT_FOUND, VM_STATE_UNFIT (worth another try later), or, for
 * good, FAILED_PRECONDITION, ENGINE_NOT_SUPPORTED or CAPTURE_NOT_SUPPORTED; a VM without disks to read is not a failure here: look at the plan.
 */
export const examineVm = async (
  { hypervisor }: Pick<StepDeps, "hypervisor">,
  request: ExamineRequest,
  signal: AbortSignal,
): Promise<Examination> => {
  const vm = await hypervisor.getVm(request.vmId, signal);
  const unfit = whyUnfit(vm);
  if (unfit !== undefined) throw unfit;

  const { policy = defaultCapturePolicy, engineVersion = "" } = request;
  const choice = chooseCapture({ engineVersion, vm, policy });

  const distrusts = request.distrustTracking === true || request.doubtsCheckpoint === true;
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
  });
  return { vm, plan: choice.kind === "snapshot" ? snapshotPlan(plan) : plan, choice };
};
