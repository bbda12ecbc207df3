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
 * fails holds no other up.
 */
export const enableTracking = async (
  deps: ApiDeps,
  request: EnableTrackingRequest,
  signal: AbortSignal,
): Promise<readonly TrackedDisk[]> => {
  const vms = await vmsOf(deps, request, signal);
  if (vms.length === 0) throw new HoldfastError("INVALID_ARGUMENT", "name VMs, or a job");
  const results = await mapBounded(vms, 4, (vm, inner) => trackVm(deps, vm, { request, signal: inner }), signal);
  const disks = results.flat();
  const unknown = request.disks.find((word) => !disks.some(({ diskId, alias }) => diskId === word || alias === word));
  if (unknown !== undefined) throw new HoldfastError("NOT_FOUND", `none of these VMs has a disk ${unknown}`);
  return disks;
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

interface Asked {
  readonly request: EnableTrackingRequest;
  readonly signal: AbortSignal;
}

const trackVm = async (
  deps: ApiDeps,
  { managerId, vmId, vmName }: VmToTrack,
  { request, signal }: Asked,
): Promise<readonly TrackedDisk[]> => {
  const of = { managerName: deps.managers.find(managerId)?.record.name ?? managerId, vmId, vmName };
  try {
    const { hypervisor } = usableManager(deps, managerId);
    const vm = await hypervisor.getVm(vmId, signal);
    const isMeant = ({ id, alias }: AttachedDisk): boolean =>
      request.disks.length === 0 || request.disks.includes(id) || request.disks.includes(alias);
    const results: TrackedDisk[] = [];
    for (const disk of vm.disks.filter((one) => one.contentType === "data" && isMeant(one))) {
      const result = await trackDisk({ vm, disk, dryRun: request.dryRun }, (diskId) =>
        hypervisor.enableTracking(vmId, diskId, signal),
      );
      deps.log.info("change tracking was asked for", { vm: vmId, disk: disk.id, outcome: result.outcome });
      results.push({ ...of, vmName: vm.name, diskId: disk.id, alias: disk.alias, ...result });
    }
    return results;
  } catch (caught) {
    signal.throwIfAborted();
    return [{ ...of, ...failed(caught) }];
  }
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
