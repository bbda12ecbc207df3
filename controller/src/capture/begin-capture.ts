import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

import type { Capture } from "../hypervisor/captures.ts";
import { type Owner, captureIdOf, correlationIdOf, markOf } from "../hypervisor/marks.ts";
import { type CaptureKind, kindOf } from "./capture-kind.ts";
import { type CapturePlan, disksToCapture } from "./plan-disks.ts";
import { settleModes, withoutTracking } from "./settle-modes.ts";
import { toldByEngine } from "./told-by-engine.ts";
import { type BusyPatience, type StepDeps, throughConflicts, waitFor } from "./waiting.ts";
import { whyNoChanges } from "./why-no-changes.ts";

/** Which capture to begin; write `captureIdOf(owner, round)` to the journal before (A2). */
export interface BeginRequest {
  readonly owner: Owner;
  readonly vmId: string;
  /** Status of the VM when it was examined. */
  readonly vmStatus: string;
  readonly plan: CapturePlan;
  /** From 1; one attempt's second capture, after its first one failed, is another. */
  readonly round?: number;
  /** See `CaptureRequest`. */
  readonly legacy?: boolean;
  /** See `CaptureRequest`. */
  readonly requireConsistency?: boolean;
  /** How long a busy VM is waited for; 2 minutes unless said. */
  readonly busyMs?: number;
  /** Told while the VM is busy, before each pause. */
  readonly onBusy?: BusyPatience["onBusy"];
  /** How long the engine may take to be ready; 15 minutes unless said. */
  readonly readyMs?: number;
}

/** A capture that was asked for; its plan may have lost change tracking. */
export interface BegunCapture {
  readonly captureId: string;
  readonly plan: CapturePlan;
}

/** A capture whose disks can be read. */
export interface ReadyCapture {
  readonly captureId: string;
  readonly kind: CaptureKind;
  /** Final modes and remarks. */
  readonly plan: CapturePlan;
  /** The new checkpoint: a hope until the capture ends `succeeded`; undefined when nothing is tracked. */
  readonly checkpointId: string | undefined;
  /** Hybrid: the engine's snapshot; to the journal, since it proves whose a left-over one is (R6). */
  readonly snapshotId: string | undefined;
  readonly hostId: string | undefined;
}

/**
 * Asks the engine to freeze the plan's disks, once however often it is called for one owner. A checkpoint that the engine
 * refuses at this moment costs change tracking, with a warning, not the backup (R3). Fails with NOTHING_TO_BACK_UP,
 * VM_IN_BACKUP, DISKS_LOCKED or ENGINE_CONFLICT (still busy), CAPTURE_FAILED, or what else `startCapture` names.
 */
export const beginCapture = async (
  deps: StepDeps,
  request: BeginRequest,
  signal: AbortSignal,
): Promise<BegunCapture> => {
  const { owner, vmId, plan } = request;
  if (disksToCapture(plan).length === 0) {
    throw new HoldfastError("NOTHING_TO_BACK_UP", `vm ${vmId} has no disk that can be backed up`, {
      details: { vmId },
    });
  }
  try {
    return await start(deps, request, signal);
  } catch (caught) {
    const reason = plan.fromCheckpointId === undefined ? undefined : whyNoChanges(caught);
    if (reason === undefined) throw caught;
    deps.log.warn("the engine refuses the checkpoint of the base", {
      vm: vmId,
      task: owner.taskId,
      attempt: owner.attemptNumber,
      err: caught,
    });
    return start(deps, { ...request, plan: withoutTracking(plan, reason) }, signal);
  }
};

/**
 * Waits until the begun capture can be read and takes the engine's word per disk. Fails with CAPTURE_FAILED (with what the
 * engine's events say), TIMEOUT, or NOTHING_TO_BACK_UP when the engine left every disk out.
 */
export const awaitReady = async (deps: StepDeps, request: BeginRequest, signal: AbortSignal): Promise<ReadyCapture> => {
  const { owner, vmId, readyMs = 900_000 } = request;
  const captureId = captureIdOf(owner, request.round);
  const capture = await waitFor(
    deps,
    { what: `capture ${captureId} of vm ${vmId} to be ready`, deadlineMs: readyMs },
    () => lookReady(deps, request, signal),
    signal,
  );
  const offered = await deps.hypervisor.listCaptureDisks(vmId, captureId, signal);
  const plan = settleModes(request.plan, offered);
  if (disksToCapture(plan).length === 0) {
    throw new HoldfastError("NOTHING_TO_BACK_UP", `the engine left every disk of vm ${vmId} out of the capture`, {
      details: { vmId, captureId },
    });
  }
  const { toCheckpointId, snapshotId, hostId } = capture;
  const kind = kindOf(capture, request.vmStatus);
  return { captureId, kind, plan, checkpointId: toCheckpointId, snapshotId, hostId };
};

const start = async (deps: StepDeps, request: BeginRequest, signal: AbortSignal): Promise<BegunCapture> => {
  const { owner, vmId, plan, busyMs = 120_000, onBusy } = request;
  const captureId = captureIdOf(owner, request.round);
  const ask = (): Promise<Capture> =>
    deps.hypervisor.startCapture(
      {
        vmId,
        captureId,
        diskIds: disksToCapture(plan).map(({ id }) => id),
        fromCheckpointId: plan.fromCheckpointId,
        description: markOf(owner),
        correlationId: correlationIdOf(owner),
        legacy: request.legacy === true,
        requireConsistency: request.requireConsistency === true,
      },
      signal,
    );
  const capture = await throughConflicts(deps, { what: `vm ${vmId}`, deadlineMs: busyMs, onBusy }, ask, signal);
  // What answers is what the engine has under this id: a start before a crash may have asked without the checkpoint.
  const lostTracking = plan.fromCheckpointId !== undefined && capture.fromCheckpointId === undefined;
  return { captureId, plan: lostTracking ? withoutTracking(plan, "checkpoint-missing") : plan };
};

const lookReady = async (deps: StepDeps, request: BeginRequest, signal: AbortSignal): Promise<Capture | undefined> => {
  const { owner, vmId } = request;
  const captureId = captureIdOf(owner, request.round);
  const capture = await deps.hypervisor.getCapture(vmId, captureId, signal);
  if (capture?.phase === "ready") return capture;
  // While it is `finalizing` the engine has not said yet why it failed.
  const isOver = capture === undefined || capture.phase === "failed" || capture.phase === "succeeded";
  if (!isOver) return undefined;
  throw new HoldfastError(
    "CAPTURE_FAILED",
    `capture ${captureId} of vm ${vmId} ${capture === undefined ? "vanished" : `is ${capture.phase}`} before it was ready${await toldByEngine(deps, owner, signal, captureId)}`,
    { details: { vmId, captureId, phase: capture?.phase ?? "gone" } },
  );
};
