import type { MessageInitShape } from "@bufbuild/protobuf";
import type { NewestPointSchema, VmDiskSchema, VmSchema } from "@holdfast/proto/holdfast/controller/v1/inventory_pb";
import { needsFlag, planDisks } from "../../capture/plan-disks.ts";
import { reasons } from "../../capture/reasons.ts";
import type { Vm } from "../../hypervisor/inventory.ts";
import type { FoundVm } from "../../inventory/resolve-vm.ts";
import type { Job } from "../../jobs/job.ts";
import type { ApiDeps } from "../api-deps.ts";
import { type PlacedPoint, vmKeyText } from "./newest-points.ts";

/** What stands beside a VM in lists. */
export interface VmFacts {
  readonly jobs: readonly Job[];
  readonly newest: ReadonlyMap<string, PlacedPoint>;
  readonly nowMs: number;
}

/** A VM as operators see it. */
export const toVm = (
  deps: Pick<ApiDeps, "managers">,
  { managerId, managerName, vm }: FoundVm,
  facts: VmFacts,
): MessageInitShape<typeof VmSchema> => {
  const manager = deps.managers.find(managerId);
  const newest = facts.newest.get(vmKeyText(manager?.record.engineInstanceId ?? "", vm.id));
  return {
    vmId: vm.id,
    name: vm.name,
    managerName,
    clusterName: manager?.inventory?.clusters.find(({ id }) => id === vm.clusterId)?.name ?? "",
    status: vm.status,
    hostName: manager?.inventory?.hosts.find(({ id }) => id === vm.hostId)?.name ?? "",
    disks: toDisks(vm),
    jobs: facts.jobs
      .filter((job) => job.vms.some((one) => one.managerId === managerId && one.vmId === vm.id))
      .map(({ name }) => name),
    ...(newest === undefined ? {} : { newestPoint: toNewest(newest, facts.nowMs) }),
    memoryBytes: BigInt(vm.memoryBytes),
  };
};

const toNewest = (
  { point, repositoryName }: PlacedPoint,
  nowMs: number,
): MessageInitShape<typeof NewestPointSchema> => ({
  pointId: point.pointId,
  repositoryName,
  capturedMs: point.capturedMs,
  ageMs: BigInt(Math.max(0, nowMs - Number(point.capturedMs))),
});

/** Why a disk cannot be in a backup is what planning one for it says. */
const toDisks = (vm: Vm): MessageInitShape<typeof VmDiskSchema>[] => {
  const plan = planDisks({
    vm,
    base: undefined,
    checkpoint: undefined,
    trackedDiskIds: new Set(),
    excludedDiskIds: new Set(),
    distrustTracking: false,
  });
  const skipped = new Map(
    plan.disks.filter(({ mode }) => mode === "skipped").map(({ id, reason }) => [id, reasons[reason].words]),
  );
  return vm.disks.map((disk) => ({
    diskId: disk.id,
    alias: disk.alias,
    sizeBytes: BigInt(disk.sizeBytes),
    actualBytes: BigInt(disk.actualBytes),
    format: disk.format,
    interface: disk.interface,
    bootable: disk.bootable,
    active: disk.active,
    excludedReason: skipped.get(disk.id) ?? "",
    trackingOff: !skipped.has(disk.id) && needsFlag(vm, disk),
  }));
};
