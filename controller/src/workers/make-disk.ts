import { endTransfersOf, closeDisk } from "../capture/open-disk.ts";
import { throughConflicts, waitFor } from "../capture/waiting.ts";
import type { Disk } from "../hypervisor/inventory.ts";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { derivedUuid } from "@holdfast/shared/ids/ids";
import { askToMake } from "./ask-to-make.ts";
import { type OpenedImage, openImage } from "./open-image.ts";
import type { WorkerAt, WorkerDeps } from "./worker-deps.ts";
import { workerCorrelationIdOf, workerMarkOf } from "./worker.ts";

/** A description that says that the disk is not filled yet. */
const unfilled = (mark: string): string => `${mark}/filling`;

const patienceMs = 900_000;

/**
 * Makes and fills the disk of a worker that comes from an image file; answers its id. Safe to repeat: a filled disk is found
 * again by its id and mark, a half-filled one is removed and made anew.
 */
export const makeWorkerDisk = async (
  deps: WorkerDeps,
  at: WorkerAt,
  { file, storageDomainId }: { readonly file: string; readonly storageDomainId: string },
  signal: AbortSignal,
): Promise<string> => {
  const { worker, hypervisor } = at;
  const mark = workerMarkOf(deps.installationId, worker.workerId);
  const diskId = derivedUuid("worker-disk", deps.installationId, worker.workerId, String(worker.generation));
  // One that somebody took off a former VM and left behind.
  if (worker.diskId !== "" && worker.diskId !== diskId) await removeWorkerDisk(deps, at, worker.diskId, signal);
  const there = await hypervisor.getDisk(diskId, signal);
  if (there?.status === "ok" && there.description === mark) return diskId;
  if (there !== undefined) await removeWorkerDisk(deps, at, diskId, signal);
  await using image = await openImage({ file, folder: deps.imageDir, name: worker.workerId }, signal);
  await deps.roster.change(worker, { diskId });
  await createDisk(deps, at, { diskId, image, storageDomainId, description: unfilled(mark) }, signal);
  await fill(deps, at, { diskId, rawFile: image.rawFile }, signal);
  await awaitDisk(deps, at, diskId, signal);
  const describe = (): Promise<void> => hypervisor.describeDisk({ diskId, vmId: undefined, description: mark }, signal);
  await throughConflicts(deps, { what: `disk ${diskId}`, deadlineMs: patienceMs }, describe, signal);
  return diskId;
};

/** Removes a disk that was made for a worker, with what may still be written into it; one that is gone is fine. */
export const removeWorkerDisk = async (
  deps: WorkerDeps,
  at: WorkerAt,
  diskId: string,
  signal: AbortSignal,
): Promise<void> => {
  const { hypervisor } = at;
  const step = { ...deps, hypervisor };
  if ((await hypervisor.getDisk(diskId, signal)) === undefined) return;
  // The end of an unfinished upload takes its disk along.
  await endTransfersOf(step, [diskId], "upload", signal);
  const limit = { what: `disk ${diskId} to be removed`, deadlineMs: patienceMs };
  await throughConflicts(deps, limit, () => hypervisor.removeDisk(diskId, signal), signal);
  const look = async (): Promise<true | undefined> =>
    (await hypervisor.getDisk(diskId, signal)) === undefined ? true : undefined;
  await waitFor(deps, limit, look, signal);
};

interface NewDisk {
  readonly diskId: string;
  readonly image: OpenedImage;
  readonly storageDomainId: string;
  readonly description: string;
}

const createDisk = async (
  deps: WorkerDeps,
  at: WorkerAt,
  { diskId, image, storageDomainId, description }: NewDisk,
  signal: AbortSignal,
): Promise<void> => {
  const { worker, hypervisor } = at;
  const request = {
    diskId,
    alias: worker.definition.name,
    description,
    sizeBytes: image.sizeBytes,
    format: "cow",
    sparse: true,
    incrementalEnabled: false,
    wipeAfterDelete: false,
    storageDomainId,
    correlationId: workerCorrelationIdOf(worker.workerId),
  } as const;
  const ask = (): Promise<Disk> => askToMake(deps, worker, () => hypervisor.createDisk(request, signal));
  await throughConflicts(deps, { what: `disk ${diskId}`, deadlineMs: 120_000 }, ask, signal);
  await awaitDisk(deps, at, diskId, signal);
};

const awaitDisk = async (deps: WorkerDeps, { hypervisor }: WorkerAt, diskId: string, signal: AbortSignal) => {
  const look = async (): Promise<true | undefined> => {
    const disk = await hypervisor.getDisk(diskId, signal);
    if (disk?.status === "locked") return undefined;
    if (disk?.status === "ok") return true;
    throw new HoldfastError("DISK_WRITE_FAILED", `the worker's disk ${diskId} is ${disk?.status ?? "gone"}`);
  };
  await waitFor(deps, { what: `disk ${diskId} to be ok`, deadlineMs: patienceMs }, look, signal);
};

const fill = async (
  deps: WorkerDeps,
  { worker, manager, hypervisor }: WorkerAt,
  { diskId, rawFile }: { readonly diskId: string; readonly rawFile: string },
  signal: AbortSignal,
): Promise<void> => {
  const step = { ...deps, hypervisor };
  const correlationId = workerCorrelationIdOf(worker.workerId);
  const opening = await hypervisor.openTransfer(
    { diskId, direction: "upload", inactivityTimeoutS: 300, correlationId },
    signal,
  );
  const look = async () => {
    const transfer = await hypervisor.getTransfer(opening.id, signal);
    if (transfer?.phase === "opening") return undefined;
    if (transfer?.phase === "open" && transfer.transferUrl !== undefined) return transfer;
    throw new HoldfastError("TRANSFER_FAILED", `the upload of the worker's disk is ${transfer?.enginePhase ?? "gone"}`);
  };
  const limit = { what: `transfer ${opening.id} to open`, deadlineMs: 120_000 };
  try {
    const { transferUrl = "", proxyUrl } = await waitFor(deps, limit, look, signal);
    const urls = proxyUrl === undefined ? [transferUrl] : [transferUrl, proxyUrl];
    await deps.upload({ file: rawFile, urls, anchorPem: manager.record.imageioAnchorPem }, signal);
  } catch (caught) {
    if (!signal.aborted)
      await closeDisk(step, { transferId: opening.id, direction: "upload", succeeded: false }, signal);
    throw caught;
  }
  await closeDisk(step, { transferId: opening.id, direction: "upload", succeeded: true }, signal);
};
