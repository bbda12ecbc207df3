import type { MessageInitShape } from "@bufbuild/protobuf";
import type { EnableTrackingRequest, TrackedDiskSchema } from "@holdfast/proto/holdfast/controller/v1/inventory_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { mapBounded } from "@holdfast/shared/lifecycle/bounded";
import { usableManager } from "../../backups/examine.ts";
import { chooseTracking } from "../../capture/tracking-choice.ts";
import type { AttachedDisk, Vm } from "../../hypervisor/inventory.ts";
import { resolveVm } from "../../inventory/resolve-vm.ts";
import type { ApiDeps } from "../api-deps.ts";
import { getJob } from "../job/edit-jobs.ts";
import { findInInventories } from "./inventories.ts";

type TrackedDisk = MessageInitShape<typeof TrackedDiskSchema>;

interface VmToTrack {
  readonly managerId: string;
  readonly vmId: string;
  readonly vmName: string;
}

/**
 * Sets the engine's flag for change tracking on the disks of these VMs that need it. Each disk has a result of its own: one that
 * fails, or a VM that cannot be looked at, holds no other up. A disk that nobody has is refused before anything is done; where a VM
 * cannot be looked at, a disk that no other has may be that one's.
 */
export const enableTracking = async (
  deps: ApiDeps,
  request: EnableTrackingRequest,
  signal: AbortSignal,
): Promise<readonly TrackedDisk[]> => {
  const vms = await vmsOf(deps, request, signal);
  if (vms.length === 0) throw new HoldfastError("INVALID_ARGUMENT", "name VMs, or a job");
  const looked = await mapBounded(vms, 4, (vm, inner) => lookAt(deps, vm, inner), signal);
  if (looked.every(({ vm }) => vm !== undefined)) refuseUnknown(request.disks, looked);
  const results = await mapBounded(looked, 4, (vm, inner) => trackVm(deps, vm, { request, signal: inner }), signal);
  return results.flat();
};

const refuseUnknown = (words: readonly string[], looked: readonly LookedAtVm[]): void => {
  const disks = looked.flatMap((one) => one.disks);
  const unknown = words.find((word) => !disks.some(({ id, alias }) => id === word || alias === word));
  if (unknown !== undefined) throw new HoldfastError("NOT_FOUND", `none of these VMs has a disk ${unknown}`);
};

const vmsOf = async (
  deps: ApiDeps,
  { vms, job }: EnableTrackingRequest,
  signal: AbortSignal,
): Promise<readonly VmToTrack[]> => {
  const named = await findInInventories(deps, (managers) => vms.map((word) => resolveVm(word, managers)), signal);
  const ofJob = job === "" ? [] : (await getJob(deps, job)).vms;
  const all = [...named.map(({ managerId, vm }) => ({ managerId, vmId: vm.id, vmName: vm.name })), ...ofJob];
  return [...new Map(all.map((one) => [`${one.managerId}/${one.vmId}`, one])).values()];
};

/** A VM with its disks as they are now, or why it cannot be looked at. */
interface LookedAtVm {
  readonly managerId: string;
  readonly names: Pick<TrackedDisk, "managerName" | "vmId" | "vmName">;
  readonly vm: Vm | undefined;
  readonly disks: readonly AttachedDisk[];
  readonly failure: TrackedDisk | undefined;
}

const lookAt = async (
  deps: ApiDeps,
  { managerId, vmId, vmName }: VmToTrack,
  signal: AbortSignal,
): Promise<LookedAtVm> => {
  const managerName = deps.managers.find(managerId)?.record.name ?? managerId;
  try {
    const vm = await usableManager(deps, managerId).hypervisor.getVm(vmId, signal);
    const disks = vm.disks.filter(({ contentType }) => contentType === "data");
    return { managerId, names: { managerName, vmId, vmName: vm.name }, vm, disks, failure: undefined };
  } catch (caught) {
    signal.throwIfAborted();
    const names = { managerName, vmId, vmName };
    return { managerId, names, vm: undefined, disks: [], failure: { ...names, ...failed(caught) } };
  }
};

interface Asked {
  readonly request: EnableTrackingRequest;
  readonly signal: AbortSignal;
}

const trackVm = async (
  deps: ApiDeps,
  { managerId, names, vm, disks, failure }: LookedAtVm,
  { request, signal }: Asked,
): Promise<readonly TrackedDisk[]> => {
  if (vm === undefined) return failure === undefined ? [] : [failure];
  const { hypervisor } = deps.managers.get(managerId);
  const results: TrackedDisk[] = [];
  for (const disk of disks) {
    if (request.disks.length > 0 && ![disk.id, disk.alias].some((word) => request.disks.includes(word))) continue;
    const result = await trackDisk({ vm, disk, dryRun: request.dryRun }, (diskId) =>
      hypervisor.enableTracking(vm.id, diskId, signal),
    );
    deps.log.info("change tracking was asked for", { vm: vm.id, disk: disk.id, outcome: result.outcome });
    results.push({ ...names, diskId: disk.id, alias: disk.alias, ...result });
  }
  return results;
};

interface DiskToTrack {
  readonly vm: Vm;
  readonly disk: AttachedDisk;
  readonly dryRun: boolean;
}

const trackDisk = async (
  { vm, disk, dryRun }: DiskToTrack,
  enable: (diskId: string) => Promise<void>,
): Promise<{ readonly outcome: string; readonly code?: string; readonly message: string }> => {
  const { choice, words } = chooseTracking(vm, disk);
  if (choice !== "enable") return { outcome: choice, message: words };
  if (dryRun) return { outcome: "would-enable", message: words };
  try {
    await enable(disk.id);
    return { outcome: "enabled", message: "changes are tracked from the next backup on" };
  } catch (caught) {
    return failed(caught);
  }
};

/** An engine's refusal is that disk's result; a bug is nobody's. */
const failed = (caught: unknown): { readonly outcome: "failed"; readonly code: string; readonly message: string } => {
  const { code, message } = HoldfastError.from(caught);
  if (code === "INTERNAL") throw caught;
  return { outcome: "failed", code, message };
};
