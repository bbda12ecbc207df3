import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";

import { isAnswerLost } from "../hypervisor/answers.ts";
import { type Owner, correlationIdOf } from "../hypervisor/marks.ts";
import { type Transfer, isTransferOver } from "../hypervisor/transfers.ts";
import { transferInTime } from "./transfer-in-time.ts";
import { type StepDeps, throughConflicts, waitFor } from "./waiting.ts";

/** A disk to open for imageio. */
export interface OpenDiskRequest {
  readonly owner: Owner;
  readonly diskId: string;
  readonly direction: "download" | "upload";
  /** The capture that froze it; for downloads. */
  readonly captureId?: string | undefined;
  /** The snapshot that froze it, where no capture did. */
  readonly snapshot?: { readonly vmId: string; readonly snapshotId: string } | undefined;
  readonly hostId?: string | undefined;
  /** True when the journal says that it may have been opened before: what is there is ended first. */
  readonly repeated: boolean;
  /** Open transfers of the disk that are somebody else's: never ended (R6). A snapshot of ours keeps nobody else from the disk. */
  readonly foreignTransferIds?: readonly string[];
  /** Seconds of silence after which the engine ends it; 120 unless said. */
  readonly inactivityTimeoutS?: number;
  /** How long the engine may take; 2 minutes unless said. */
  readonly openMs?: number;
}

/** A disk that imageio serves. The URLs are the permission itself: never logged, never stored (R12). */
export interface OpenedDisk {
  readonly transferId: string;
  readonly transferUrl: string;
  readonly proxyUrl: string | undefined;
  readonly hostId: string | undefined;
}

/**
 * Opens one disk and waits until imageio serves it. Engines take no ids of ours for transfers: so `onOpening` is told the id
 * as soon as it is known (to the journal), and a repeated step ends what an earlier one left on the disk before it opens
 * anew. Fails with TRANSFER_FAILED, never with TIMEOUT; an opened transfer that never starts is cancelled first.
 */
export const openDisk = async (
  deps: StepDeps,
  request: OpenDiskRequest,
  onOpening: (transferId: string) => Promise<void>,
  signal: AbortSignal,
): Promise<OpenedDisk> => {
  if (request.repeated) await endFormer(deps, request, signal);
  const opening = await askAgain(deps, request, signal);
  await onOpening(opening.id);
  try {
    const named = { diskId: request.diskId, transferId: opening.id };
    return await transferInTime(named, () => awaitOpen(deps, request, opening, signal));
  } catch (caught) {
    if (!signal.aborted) await cancelQuietly(deps, opening.id, signal);
    throw caught;
  }
};

/**
 * Ends a transfer and waits until the engine let the disk go. A download is finalised however it went; an upload is
 * finalised when it `succeeded` and cancelled, which removes its disk, when not. Fails with TRANSFER_FAILED when a
 * finalised upload did not end well, TIMEOUT when the end does not come.
 */
export const closeDisk = async (
  deps: StepDeps,
  request: { readonly transferId: string; readonly direction: "download" | "upload"; readonly succeeded: boolean },
  signal: AbortSignal,
): Promise<void> => {
  const { transferId, direction, succeeded } = request;
  const isCancelled = direction === "upload" && !succeeded;
  if (isCancelled) await deps.hypervisor.cancelTransfer(transferId, signal);
  else await deps.hypervisor.finalizeTransfer(transferId, signal);

  const last = await waitFor(
    deps,
    { what: `transfer ${transferId} to end`, deadlineMs: 600_000 },
    () => lookOver(deps, transferId, signal),
    signal,
  );
  // A row that is gone says nothing; then the disk's own status tells.
  if (direction === "upload" && succeeded && last !== "gone" && last.phase !== "succeeded") {
    throw new HoldfastError(
      "TRANSFER_FAILED",
      `the engine refused the uploaded disk: transfer ${transferId} is ${last.enginePhase}`,
      {
        details: { transferId, phase: last.enginePhase },
      },
    );
  }
};

/** Ends every open transfer of these disks in one direction and waits for it. They must be known to be ours. */
export const endTransfersOf = (
  deps: StepDeps,
  diskIds: readonly string[],
  direction: "download" | "upload",
  signal: AbortSignal,
): Promise<void> => endOwnTransfers(deps, { diskIds, direction, foreignIds: [] }, signal);

/** Open transfers of disks that others may read too. */
export interface OwnTransfers {
  readonly diskIds: readonly string[];
  readonly direction: "download" | "upload";
  /** Those of somebody else. */
  readonly foreignIds: readonly string[];
}

/** The same, but for those that are known to be somebody else's (R6). */
export const endOwnTransfers = async (
  deps: StepDeps,
  { diskIds, direction, foreignIds }: OwnTransfers,
  signal: AbortSignal,
): Promise<void> => {
  const open = await openTransfersOf(deps, diskIds, direction, signal);
  const ours = open.filter((id) => !foreignIds.includes(id));
  for (const id of ours) await closeDisk(deps, { transferId: id, direction, succeeded: false }, signal);
};

/** Open transfers of these disks in one direction, whoever made them. */
export const openTransfersOf = async (
  deps: Pick<StepDeps, "hypervisor">,
  diskIds: readonly string[],
  direction: "download" | "upload",
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const transfers = await deps.hypervisor.listTransfers(signal);
  return transfers
    .filter((one) => one.direction === direction && one.diskId !== undefined && diskIds.includes(one.diskId))
    .filter((one) => !isTransferOver(one))
    .map(({ id }) => id);
};

const endFormer = (
  deps: StepDeps,
  { diskId, direction, foreignTransferIds: foreignIds = [] }: OpenDiskRequest,
  signal: AbortSignal,
): Promise<void> =>
  transferInTime({ diskId }, () => endOwnTransfers(deps, { diskIds: [diskId], direction, foreignIds }, signal));

/**
 * Asks once more when the answer was lost: whether the engine opened the disk nobody can say, so what may be open is ended first. An
 * upload's end would take its disk along; there the attempt fails.
 */
const askAgain = async (deps: StepDeps, request: OpenDiskRequest, signal: AbortSignal): Promise<Transfer> => {
  const { diskId, direction } = request;
  try {
    return await ask(deps, request, signal);
  } catch (caught) {
    if (direction === "upload" || !isAnswerLost(caught)) throw caught;
    deps.log.debug("the answer about a disk's opening was lost", { disk: diskId, err: caught });
    await endFormer(deps, request, signal);
    return await ask(deps, request, signal);
  }
};

const ask = async (deps: StepDeps, request: OpenDiskRequest, signal: AbortSignal): Promise<Transfer> => {
  const { owner, diskId, direction, captureId, hostId } = request;
  const { inactivityTimeoutS = 120, openMs = 120_000 } = request;
  const snapshotImageId = await volumeOf(deps, request, signal);
  const open = (): Promise<Transfer> =>
    deps.hypervisor.openTransfer(
      {
        diskId,
        direction,
        captureId,
        snapshotImageId,
        hostId,
        inactivityTimeoutS,
        correlationId: correlationIdOf(owner),
      },
      signal,
    );
  return throughConflicts(deps, { what: `disk ${diskId}`, deadlineMs: openMs }, open, signal);
};

/** The volume that a snapshot has of the disk now: another one since a snapshot below it was merged. */
const volumeOf = async (
  { hypervisor }: StepDeps,
  { snapshot, diskId }: OpenDiskRequest,
  signal: AbortSignal,
): Promise<string | undefined> => {
  if (snapshot === undefined) return undefined;
  const disks = await hypervisor.listSnapshotDisks(snapshot.vmId, snapshot.snapshotId, signal);
  const found = disks.find((disk) => disk.diskId === diskId);
  if (found !== undefined) return found.imageId;
  throw new HoldfastError("TRANSFER_FAILED", `snapshot ${snapshot.snapshotId} has no disk ${diskId} any more`, {
    details: { ...snapshot, diskId },
  });
};

const awaitOpen = (
  deps: StepDeps,
  { diskId, openMs = 120_000 }: OpenDiskRequest,
  opening: Transfer,
  signal: AbortSignal,
): Promise<OpenedDisk> => {
  let seen: Transfer | undefined = opening;
  const look = async (): Promise<OpenedDisk | undefined> => {
    const now = seen ?? (await deps.hypervisor.getTransfer(opening.id, signal));
    seen = undefined;
    if (now?.phase === "opening") return undefined;
    if (now?.phase === "open") return now.transferUrl === undefined ? undefined : toOpened(now, now.transferUrl);
    const state = now?.enginePhase ?? "gone";
    throw new HoldfastError(
      "TRANSFER_FAILED",
      `transfer ${opening.id} of disk ${diskId} did not start: it is ${state}`,
      {
        details: { transferId: opening.id, diskId, phase: state },
      },
    );
  };
  return waitFor(deps, { what: `transfer ${opening.id} of disk ${diskId} to start`, deadlineMs: openMs }, look, signal);
};

const toOpened = (transfer: Transfer, transferUrl: string): OpenedDisk => ({
  transferId: transfer.id,
  transferUrl,
  proxyUrl: transfer.proxyUrl === transferUrl ? undefined : transfer.proxyUrl,
  hostId: transfer.hostId,
});

const lookOver = async (
  deps: StepDeps,
  transferId: string,
  signal: AbortSignal,
): Promise<Transfer | "gone" | undefined> => {
  const now = await deps.hypervisor.getTransfer(transferId, signal);
  if (now === undefined) return "gone";
  return isTransferOver(now) ? now : undefined;
};

const cancelQuietly = async (deps: StepDeps, transferId: string, signal: AbortSignal): Promise<void> => {
  try {
    await deps.hypervisor.cancelTransfer(transferId, signal);
  } catch (caught) {
    if (!hasCode(caught, "ENGINE_UNREACHABLE", "ENGINE_CONFLICT", "ENGINE_FAULT")) throw caught;
    deps.log.warn("a transfer that did not start stays for the janitor", { transfer: transferId, err: caught });
  }
};
