import type { PlacementTask } from "../placement/placement-task.ts";
import { indexOf } from "./inventory-index.ts";
import { isRestoreScope } from "./task-scope.ts";
import type { Task } from "./task.ts";
import type { WorkDeps } from "./work-deps.ts";

/** What placement has to know of the work on a VM, as the inventory of its manager was last read. */
export const placementTaskOf = (
  work: Pick<Task, "managerId" | "clusterId" | "vmId"> & { readonly isRestore: boolean },
  managers: WorkDeps["managers"],
): PlacementTask => {
  const manager = managers.find(work.managerId);
  const cluster = manager?.inventory?.clusters.find(({ id }) => id === work.clusterId);
  const index = indexOf(manager?.inventory);
  const host = index?.hosts.get(index.vms.get(work.vmId)?.hostId ?? "");
  return {
    isRestore: work.isRestore,
    managerId: work.managerId,
    clusterId: work.clusterId,
    managerName: manager?.record.name ?? work.managerId,
    clusterName: cluster?.name ?? work.clusterId,
    hostNames: host === undefined ? [] : [host.name, host.address],
  };
};

/** True for a task that writes to an engine. */
export const isRestore = ({ scope }: Pick<Task, "scope">): boolean => isRestoreScope(scope);
