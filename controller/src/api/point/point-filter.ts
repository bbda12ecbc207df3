import type { PointSummary } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { findJob } from "../../database/jobs-table.ts";
import { resolveVm } from "../../inventory/resolve-vm.ts";
import type { ApiDeps } from "../api-deps.ts";
import { inventories } from "../inventory/inventories.ts";

/** Whether a point is one that was asked for. */
export type PointFilter = (point: PointSummary) => boolean;

/** Points of a VM and of a job, each by name or id; empty for all. A VM that no manager has any more, and a job that is gone, may be named as their points name them. */
export const pointFilter = async (
  deps: ApiDeps,
  { vm, job }: { readonly vm: string; readonly job: string },
  signal: AbortSignal,
): Promise<PointFilter> => {
  const vmId = vm === "" ? "" : await vmIdOf(deps, vm, signal);
  const found = job === "" ? undefined : await findJob(deps.database.queries, job);
  const isOfVm: PointFilter = (point) =>
    vm === "" || point.vm?.vmId === (vmId ?? vm) || (vmId === undefined && point.vmName === vm);
  const isOfJob: PointFilter = (point) =>
    job === "" || point.jobId === (found?.jobId ?? job) || (found === undefined && point.jobName === job);
  return (point) => isOfVm(point) && isOfJob(point);
};

const vmIdOf = async (deps: ApiDeps, vm: string, signal: AbortSignal): Promise<string | undefined> => {
  try {
    return resolveVm(vm, await inventories(deps, "missing", signal)).vm.id;
  } catch (caught) {
    if (caught instanceof HoldfastError && caught.code === "VM_NOT_FOUND") return undefined;
    throw caught;
  }
};
