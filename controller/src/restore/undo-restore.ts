import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";

import { endTransfersOf } from "../capture/open-disk.ts";
import { type StepDeps, throughConflicts, waitFor } from "../capture/waiting.ts";
import { type Owner, isSameOwner, markOf, parseMark } from "../hypervisor/marks.ts";

/** What a restore may have made. */
export interface UndoRequest {
  readonly owner: Owner;
  /** Name that the new VM has or was to have; undefined for a restore of disks. */
  readonly vmName: string | undefined;
  /** Ids of the new disks (`restoredDiskIdOf`). */
  readonly diskIds: readonly string[];
}

/**
 * Takes a restore back, in reverse: uploads are cancelled, the VM goes, then the disks. Everything is looked up and checked
 * for this attempt's mark first, so it is safe after any crash and cannot meet what is the user's. Safe to repeat.
 */
export const undoRestore = async (deps: StepDeps, request: UndoRequest, signal: AbortSignal): Promise<void> => {
  const { owner, vmName, diskIds } = request;
  await endTransfersOf(deps, diskIds, "upload", signal);
  const named = vmName === undefined ? [] : await deps.hypervisor.findVms(vmName, signal);
  for (const vm of named) {
    if (isMarkedBy(owner, vm.description)) await removeVmWholly(deps, { vmId: vm.id, owner }, signal);
  }
  for (const diskId of diskIds) {
    const disk = await deps.hypervisor.getDisk(diskId, signal);
    if (disk !== undefined && isMarkedBy(owner, disk.description)) await removeDiskWholly(deps, diskId, signal);
  }
};

const isMarkedBy = (owner: Owner, description: string): boolean => {
  const found = parseMark(description);
  return found !== undefined && isSameOwner(found, owner);
};

/**
 * Removes a VM with the disks of the same mark, and waits until it is gone; disks that someone else gave to it are detached
 * and stay. FAILED_PRECONDITION when the VM is not down or not marked by the owner any more.
 */
export const removeVmWholly = async (
  deps: StepDeps,
  { vmId, owner }: { readonly vmId: string; readonly owner: Owner },
  signal: AbortSignal,
): Promise<void> => {
  const look = async () => {
    try {
      return await deps.hypervisor.getVm(vmId, signal);
    } catch (caught) {
      if (hasCode(caught, "VM_NOT_FOUND")) return undefined;
      throw caught;
    }
  };
  const vm = await look();
  if (vm === undefined) return;
  if (!isMarkedBy(owner, vm.description) || vm.status !== "down") {
    const message = `vm ${vm.name} is not taken back: it is ${vm.status} and described as "${vm.description}"`;
    throw new HoldfastError("FAILED_PRECONDITION", message, { details: { vmId, mark: markOf(owner) } });
  }
  const keepDisks = vm.disks.some(({ description }) => !isMarkedBy(owner, description));
  const ask = (): Promise<void> => deps.hypervisor.removeVm({ vmId, keepDisks }, signal);
  await throughConflicts(deps, { what: `vm ${vmId}`, deadlineMs: 120_000 }, ask, signal);
  const gone = async (): Promise<true | undefined> => ((await look()) === undefined ? true : undefined);
  await waitFor(deps, { what: `vm ${vmId} to be removed`, deadlineMs: 600_000 }, gone, signal);
};

/** Removes a disk and waits until it is gone. It must be known to be ours. */
export const removeDiskWholly = async (deps: StepDeps, diskId: string, signal: AbortSignal): Promise<void> => {
  const ask = (): Promise<void> => deps.hypervisor.removeDisk(diskId, signal);
  await throughConflicts(deps, { what: `disk ${diskId}`, deadlineMs: 120_000 }, ask, signal);
  const gone = async (): Promise<true | undefined> =>
    (await deps.hypervisor.getDisk(diskId, signal)) === undefined ? true : undefined;
  await waitFor(deps, { what: `disk ${diskId} to be removed`, deadlineMs: 600_000 }, gone, signal);
};
