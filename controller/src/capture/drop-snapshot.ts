import { hasCode } from "@holdfast/shared/errors/holdfast-error";

import type { Snapshot } from "../hypervisor/inventory.ts";
import { type Owner, correlationIdOf, markOf } from "../hypervisor/marks.ts";
import { tellsSnapshotOf } from "../hypervisor/snapshot-events.ts";
import { mergeSnapshot } from "./end-capture.ts";
import { closeDisk, endOwnTransfers } from "./open-disk.ts";
import type { CaptureRemark } from "./reasons.ts";
import type { StepDeps } from "./waiting.ts";

/** An attempt's own snapshot, to be removed. */
export interface DropRequest {
  readonly owner: Owner;
  readonly vmId: string;
  /** Transfers that read it. */
  readonly transferIds: readonly string[];
  /** Disks whose opening was asked for without an answer: a download of one is taken for ours. */
  readonly unansweredDiskIds: readonly string[];
  /** Downloads that were there before ours were asked for: never ended (R6). */
  readonly foreignTransferIds?: readonly string[];
  /** What the engine answered when it was asked for; undefined when that answer never came. */
  readonly snapshotId: string | undefined;
}

/**
 * Removes the snapshot of an attempt with the transfers of its disks, and waits until it is merged; where a late answer made it
 * two, both. One is ours by the id that the engine gave us, else by its mark when the engine's events say so too (R6). Safe to
 * repeat; none is fine. What the engine cannot do now is told and left to the janitor.
 */
export const dropSnapshot = async (
  deps: StepDeps,
  request: DropRequest,
  signal: AbortSignal,
): Promise<readonly CaptureRemark[]> => {
  for (const transferId of request.transferIds) {
    await closeDisk(deps, { transferId, direction: "download", succeeded: false }, signal);
  }
  const remarks: CaptureRemark[] = [];
  for (const { id } of await findOurs(deps, request, signal)) remarks.push(...(await drop(deps, request, id, signal)));
  return remarks;
};

const drop = async (
  deps: StepDeps,
  { owner, vmId, unansweredDiskIds: diskIds, foreignTransferIds: foreignIds = [] }: DropRequest,
  snapshotId: string,
  signal: AbortSignal,
): Promise<readonly CaptureRemark[]> => {
  try {
    if (diskIds.length > 0) await endOwnTransfers(deps, { diskIds, direction: "download", foreignIds }, signal);
    await mergeSnapshot(deps, { vmId, snapshotId, correlationId: correlationIdOf(owner) }, signal);
    return [];
  } catch (caught) {
    if (!hasCode(caught, "ENGINE_CONFLICT", "ENGINE_FAULT", "TIMEOUT")) throw caught;
    deps.log.warn("a snapshot of ours is left for the janitor", { vm: vmId, snapshot: snapshotId, err: caught });
    const message = "the engine could not remove the snapshot of this backup; it is tried again later";
    return [{ level: "warning", code: "SNAPSHOT_LEFT", message, diskId: "" }];
  }
};

const findOurs = async (
  deps: StepDeps,
  { owner, vmId, snapshotId }: DropRequest,
  signal: AbortSignal,
): Promise<readonly Snapshot[]> => {
  const rows = await deps.hypervisor.listSnapshots(vmId, signal);
  const found = rows.filter(
    ({ id, type, description }) => type !== "active" && (id === snapshotId || description === markOf(owner)),
  );
  if (found.every(({ id }) => id === snapshotId)) return found;
  const events = await deps.hypervisor.listEvents(correlationIdOf(owner), signal);
  if (tellsSnapshotOf(events, vmId)) return found;
  deps.log.warn("a snapshot with our mark stays: the engine's events do not say that we made it", { vm: vmId });
  return found.filter(({ id }) => id === snapshotId);
};
