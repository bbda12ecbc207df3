import type { Capture } from "../hypervisor/captures.ts";
import type { AttachedDisk, VmDetails } from "../hypervisor/inventory.ts";
import { type CapturePolicy, defaultCapturePolicy } from "./capture-policy.ts";
import { type CaptureChoice, chooseCapture } from "./choose-capture.ts";
import { whyNoHeadroom } from "./headroom.ts";
import type { HeadroomPolicy } from "./headroom-policy.ts";
import {
  type BasePoint,
  type CapturePlan,
  type PlanInput,
  disksToCapture,
  planDisks,
  reasonToSkip,
} from "./plan-disks.ts";
import { snapshotPlan } from "./snapshot-plan.ts";
import { type FitnessFacts, whyUnfit } from "./vm-fitness.ts";
import type { StepDeps } from "./waiting.ts";
import type { WholeRead } from "./whole-read.ts";

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
  /** See `PlanInput.hasLiedSince`. */
  readonly hasLiedSince?: boolean;
  /** See `PlanInput.wholeRead`. */
  readonly wholeRead?: WholeRead | undefined;
  /** A capture of the attempt that looks: it is no hindrance to itself. */
  readonly ownCaptureId?: string;
  /** Whose marks are ours; it decides words only. */
  readonly installationId?: string;
  /** Undefined: free space is not judged. */
  readonly headroom?: HeadroomPolicy;
}

/** What was found: the VM as it is, and what a backup would do with it now. */
export interface Examination {
  readonly vm: VmDetails;
  readonly plan: CapturePlan;
  /** How it would be captured now; the engine may still decide otherwise. */
  readonly choice: CaptureChoice;
}

/**
 * Preflight of one VM, read-only, three to five calls. Fails with VM_NOT_FOUND, with what `whyUnfit` finds against the VM and
 * `whyNoHeadroom` against its storage domains, or, for good, ENGINE_NOT_SUPPORTED or CAPTURE_NOT_SUPPORTED; a VM without disks to
 * read is not a failure here: look at the plan.
 */
export const examineVm = async (
  { hypervisor }: Pick<StepDeps, "hypervisor">,
  request: ExamineRequest,
  signal: AbortSignal,
): Promise<Examination> => {
  const vm = await hypervisor.getVm(request.vmId, signal);
  // First: of the manager's own VM nothing is asked, and a VM that is not fit needs no plan.
  const captures = vm.isManager ? [] : await hypervisor.listCaptures(vm.id, signal);
  const unfit = whyUnfit(fitnessFacts(vm, captures, request));
  if (unfit !== undefined) throw unfit;

  const { policy = defaultCapturePolicy, engineVersion = "" } = request;
  const choice = chooseCapture({ engineVersion, vm, policy });

  const plan = planDisks({
    vm,
    base: request.base,
    ...(await readTracking(hypervisor, request, signal)),
    excludedDiskIds: request.excludedDiskIds,
    distrustTracking: request.distrustTracking === true,
    doubtsCheckpoint: request.doubtsCheckpoint === true,
    hasLiedSince: request.hasLiedSince === true,
    wholeRead: request.wholeRead,
  });
  const { headroom } = request;
  if (choice.kind !== "cold" && headroom !== undefined) {
    await refuseWithoutHeadroom(hypervisor, { vm, plan, policy: headroom }, signal);
  }
  return { vm, plan: choice.kind === "snapshot" ? snapshotPlan(plan) : plan, choice };
};

/** What the engine has of the base's checkpoint; nothing is asked where it is not relied on. */
const readTracking = async (
  hypervisor: StepDeps["hypervisor"],
  { vmId, base, distrustTracking, doubtsCheckpoint, hasLiedSince }: ExamineRequest,
  signal: AbortSignal,
): Promise<Pick<PlanInput, "checkpoint" | "trackedDiskIds">> => {
  const distrusts = [distrustTracking, doubtsCheckpoint, hasLiedSince].includes(true);
  const checkpointId = distrusts ? undefined : base?.checkpointId;
  const rows = checkpointId === undefined ? [] : await hypervisor.listCheckpoints(vmId, signal);
  const checkpoint = rows.find(({ id }) => id === checkpointId);
  const tracked =
    checkpoint?.state === "created" ? await hypervisor.listCheckpointDisks(vmId, checkpoint.id, signal) : [];
  return { checkpoint, trackedDiskIds: new Set(tracked) };
};

const fitnessFacts = (vm: VmDetails, all: readonly Capture[], request: ExamineRequest): FitnessFacts => {
  const { ownCaptureId, excludedDiskIds, installationId = "" } = request;
  const captures = all.filter(({ id }) => id !== ownCaptureId);
  const locksOfOurs = captures.length < all.length;
  const isFrozen = (disk: AttachedDisk): boolean =>
    disk.contentType === "data" && reasonToSkip(excludedDiskIds, disk) === undefined;
  const frozen = locksOfOurs ? [] : vm.disks.filter(isFrozen);
  return { vm, captures, diskIds: new Set(frozen.map(({ id }) => id)), installationId };
};

interface RoomWanted {
  readonly vm: VmDetails;
  readonly plan: CapturePlan;
  readonly policy: HeadroomPolicy;
}

/** A cold capture adds bitmaps to volumes that nobody writes to; every other kind needs room on the domains of its disks. */
const refuseWithoutHeadroom = async (
  hypervisor: StepDeps["hypervisor"],
  { vm, plan, policy }: RoomWanted,
  signal: AbortSignal,
): Promise<void> => {
  const frozen = new Set(disksToCapture(plan).map(({ id }) => id));
  const disks = vm.disks.filter(({ id }) => frozen.has(id));
  if (disks.length === 0) return;
  const domains = await hypervisor.listStorageDomains(signal);
  const refusal = whyNoHeadroom({ vmName: vm.name, disks, domains, policy });
  if (refusal !== undefined) throw refusal;
};
