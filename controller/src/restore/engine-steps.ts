import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

import { closeDisk } from "../capture/open-disk.ts";
import { type StepDeps, throughConflicts, waitFor } from "../capture/waiting.ts";
import type { Disk } from "../hypervisor/inventory.ts";
import { type Owner, correlationIdOf, markOf, restoredDiskIdOf } from "../hypervisor/marks.ts";
import type { SavedDisk } from "../hypervisor/vm-configuration.ts";

/** A disk of a point that gets a new disk on an engine. */
export interface TargetDisk {
  readonly saved: SavedDisk;
  /** Alias of the new disk. */
  readonly alias: string;
  readonly storageDomainId: string;
  /** Bytes that are going to be written, when known: what a thin disk on block storage gets at once. */
  readonly expectedBytes?: number | undefined;
}

/** A disk that was made for a restore. */
export interface MadeDisk {
  readonly pointDiskId: string;
  readonly targetDiskId: string;
  readonly sizeBytes: number;
}

/**
 * Makes the new disks of a restore and waits until each is `ok`; write the derived ids (`restoredDiskIdOf`) to the journal
 * before (A2). Safe to repeat. DISK_WRITE_FAILED when the engine could not make one.
 */
export const makeDisks = async (
  deps: StepDeps,
  request: { readonly owner: Owner; readonly disks: readonly TargetDisk[] },
  signal: AbortSignal,
): Promise<readonly MadeDisk[]> => {
  for (const disk of request.disks) await startDisk(deps, request.owner, disk, signal);
  const made: MadeDisk[] = [];
  for (const { saved } of request.disks) {
    const targetDiskId = restoredDiskIdOf(request.owner, saved.id);
    const { sizeBytes } = await awaitDiskOk(deps, targetDiskId, signal);
    made.push({ pointDiskId: saved.id, targetDiskId, sizeBytes });
  }
  return made;
};

/**
 * Ends the upload of a filled disk and waits until the engine checked it: `ok`, of the right size. TRANSFER_FAILED or
 * DISK_WRITE_FAILED when it did not pass; the engine has removed it then.
 */
export const finishDisk = async (
  deps: StepDeps,
  request: { readonly transferId: string; readonly diskId: string },
  signal: AbortSignal,
): Promise<void> => {
  await closeDisk(deps, { transferId: request.transferId, direction: "upload", succeeded: true }, signal);
  await awaitDiskOk(deps, request.diskId, signal);
};

/** A disk that becomes the user's, with the words that it had when it was backed up. */
export interface ReleasedDisk {
  readonly diskId: string;
  readonly description: string;
}

/** Takes the mark off restored disks: from then on they are the user's. `vmId` when a VM has them. */
export const releaseDisks = async (
  deps: StepDeps,
  request: { readonly disks: readonly ReleasedDisk[]; readonly vmId: string | undefined },
  signal: AbortSignal,
): Promise<void> => {
  for (const { diskId, description } of request.disks) {
    const ask = (): Promise<void> => deps.hypervisor.describeDisk({ diskId, vmId: request.vmId, description }, signal);
    await throughConflicts(deps, { what: `disk ${diskId}`, deadlineMs: 120_000 }, ask, signal);
  }
};

/** Room for metadata and rounding over what is going to be written. */
const initialSpare = 1.1;

const startDisk = async (deps: StepDeps, owner: Owner, disk: TargetDisk, signal: AbortSignal): Promise<void> => {
  const { saved, alias, storageDomainId, expectedBytes } = disk;
  const initialBytes = expectedBytes === undefined ? undefined : Math.ceil(expectedBytes * initialSpare);
  const isThin = saved.format === "cow" && saved.sparse;
  const ask = (): Promise<Disk> =>
    deps.hypervisor.createDisk(
      {
        diskId: restoredDiskIdOf(owner, saved.id),
        alias,
        description: markOf(owner),
        sizeBytes: saved.sizeBytes,
        format: saved.format,
        sparse: saved.sparse,
        initialBytes: isThin && initialBytes !== undefined ? Math.min(initialBytes, saved.sizeBytes) : undefined,
        incrementalEnabled: saved.incrementalEnabled,
        wipeAfterDelete: saved.wipeAfterDelete,
        storageDomainId,
        correlationId: correlationIdOf(owner),
      },
      signal,
    );
  const made = await throughConflicts(deps, { what: `disk ${alias}`, deadlineMs: 120_000 }, ask, signal);
  if (made.sizeBytes < saved.sizeBytes || made.description !== markOf(owner)) {
    throw new HoldfastError("DISK_WRITE_FAILED", `disk ${made.id} on the engine is not the one that was asked for`, {
      details: { diskId: made.id, sizeBytes: made.sizeBytes },
    });
  }
};

const awaitDiskOk = (deps: StepDeps, diskId: string, signal: AbortSignal): Promise<Disk> => {
  const look = async (): Promise<Disk | undefined> => {
    const disk = await deps.hypervisor.getDisk(diskId, signal);
    if (disk?.status === "ok") return disk;
    if (disk?.status === "locked") return undefined;
    const state = disk?.status ?? "gone";
    throw new HoldfastError("DISK_WRITE_FAILED", `disk ${diskId} is ${state}`, { details: { diskId, status: state } });
  };
  return waitFor(deps, { what: `disk ${diskId} to be ok`, deadlineMs: 900_000 }, look, signal);
};
