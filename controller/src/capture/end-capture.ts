import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";

import type { Snapshot } from "../hypervisor/inventory.ts";
import { endTransfersOf } from "./open-disk.ts";
import type { CaptureRemark } from "./reasons.ts";
import { type StepDeps, throughConflicts, waitFor } from "./waiting.ts";

/** A capture to end; it must be known to be ours. */
export interface EndRequest {
  readonly vmId: string;
  readonly captureId: string;
  readonly correlationId: string;
  /** The engine's snapshot of a hybrid capture, from the journal; the capture's own row tells it too while it lasts. */
  readonly snapshotId?: string | undefined;
  /** How long the engine may take: a hybrid one merges; 2 hours unless said. */
  readonly endMs?: number;
  /** How long the merge of a snapshot that a hybrid one left is waited for; an hour unless said. */
  readonly mergedMs?: number;
}

/** How a capture ended; after `gone` nobody knows, so its checkpoint counts only when the engine lists it. */
export interface EndedCapture {
  readonly outcome: "succeeded" | "failed" | "gone";
  readonly remarks: readonly CaptureRemark[];
}

/**
 * Ends a capture in whatever phase it is, and waits until the engine has let go: its open transfers are ended, the capture
 * is finalised (before `ready` this aborts it), and a hybrid one's snapshot that the engine failed to merge is removed (R6).
 * Safe to repeat; an unknown capture is fine. TIMEOUT when the end does not come.
 */
export const endCapture = async (deps: StepDeps, request: EndRequest, signal: AbortSignal): Promise<EndedCapture> => {
  const patience = {
    what: `capture ${request.captureId} of vm ${request.vmId} to end`,
    deadlineMs: request.endMs ?? 7_200_000,
  };
  let toldMs = Number.NEGATIVE_INFINITY;
  let { snapshotId } = request;
  const look = async (): Promise<EndedCapture["outcome"] | undefined> => {
    const now = await deps.hypervisor.getCapture(request.vmId, request.captureId, signal);
    snapshotId ??= now?.snapshotId;
    if (now === undefined) return "gone";
    if (now.phase === "succeeded" || now.phase === "failed") return now.phase;
    if (now.phase === "finalizing" || deps.clock.monotonicMs() - toldMs < heardWithinMs) return undefined;
    await finalize(deps, request, signal);
    toldMs = deps.clock.monotonicMs();
    return undefined;
  };
  const last = await waitFor(deps, patience, look, signal);
  const remarks = snapshotId === undefined ? [] : await removeLeftSnapshot(deps, { ...request, snapshotId }, signal);
  return { outcome: last, remarks };
};

/** A capture that is finalised shows it at once; one that does not after this time is told again, since an engine that went away may have forgotten it. */
const heardWithinMs = 2_000;

/** Transfers first: engines before 4.5.1 end a capture under an open one and break it, newer ones refuse. */
const finalize = async (deps: StepDeps, request: EndRequest, signal: AbortSignal): Promise<void> => {
  const { vmId, captureId } = request;
  const disks = await deps.hypervisor.listCaptureDisks(vmId, captureId, signal);
  await endTransfersOf(
    deps,
    disks.map(({ diskId }) => diskId),
    "download",
    signal,
  );
  const ask = (): Promise<void> => deps.hypervisor.finalizeCapture(request, signal);
  await throughConflicts(deps, { what: `capture ${captureId}`, deadlineMs: 300_000 }, ask, signal);
};

interface LeftSnapshot {
  readonly vmId: string;
  readonly snapshotId: string;
  readonly correlationId: string;
  /** How long a busy VM is waited for; 2 minutes unless said. */
  readonly busyMs?: number;
  /** How long a merge is waited for; an hour unless said. */
  readonly mergedMs?: number;
}

/**
 * A hybrid capture whose merge failed says `succeeded` all the same and leaves its snapshot (event 10813). It is ours because
 * our capture named it; one that another task of the engine still works on is left to the janitor.
 */
const removeLeftSnapshot = async (
  deps: StepDeps,
  request: LeftSnapshot,
  signal: AbortSignal,
): Promise<readonly CaptureRemark[]> => {
  if ((await findSnapshot(deps, request, signal)) === undefined) return [];
  try {
    await mergeSnapshot(deps, request, signal);
    return [left("the engine failed to merge the snapshot of its capture; it is merged now")];
  } catch (caught) {
    if (!hasCode(caught, "ENGINE_CONFLICT", "ENGINE_FAULT", "TIMEOUT")) throw caught;
    const { vmId: vm, snapshotId: snapshot } = request;
    deps.log.warn("the snapshot of a capture is left for the janitor", { vm, snapshot, err: caught });
    return [left("the engine failed to merge the snapshot of its capture; it is tried again later")];
  }
};

const left = (message: string): CaptureRemark => ({ level: "warning", code: "SNAPSHOT_LEFT", message, diskId: "" });

/** Removes a snapshot, which merges it, and waits until it is gone; ENGINE_FAULT when the merge fails. It must be known to be ours. */
export const mergeSnapshot = async (deps: StepDeps, request: LeftSnapshot, signal: AbortSignal): Promise<void> => {
  const what = `snapshot ${request.snapshotId}`;
  const ask = (): Promise<void> => deps.hypervisor.removeSnapshot(request, signal);
  await throughConflicts(deps, { what, deadlineMs: request.busyMs ?? 120_000 }, ask, signal);
  const startMs = deps.clock.monotonicMs();
  const gone = async (): Promise<true | undefined> => {
    const snapshot = await findSnapshot(deps, request, signal);
    if (snapshot?.status !== "ok" || deps.clock.monotonicMs() - startMs < settlesMs)
      return snapshot === undefined ? true : undefined;
    throw new HoldfastError("ENGINE_FAULT", `the engine failed to merge ${what} of vm ${request.vmId}`, {
      details: { vmId: request.vmId, snapshotId: request.snapshotId },
    });
  };
  await waitFor(deps, { what: `${what} to be merged`, deadlineMs: request.mergedMs ?? 3_600_000 }, gone, signal);
};

/** A merge locks its snapshot at once: one that is `ok` again after this time has failed. */
const settlesMs = 5_000;

const findSnapshot = async (
  deps: StepDeps,
  request: LeftSnapshot,
  signal: AbortSignal,
): Promise<Snapshot | undefined> => {
  const snapshots = await deps.hypervisor.listSnapshots(request.vmId, signal);
  return snapshots.find(({ id, type }) => id === request.snapshotId && type !== "active");
};
