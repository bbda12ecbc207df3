import type { LimitedThing } from "../placement/limits.ts";
import { type InventoryIndex, indexOf } from "./inventory-index.ts";
import type { Task } from "./task.ts";
import type { WorkDeps } from "./work-deps.ts";

/**
 * Everything limited that a task puts load on, as the inventory of its manager was last read. One whose engine was cleaned up
 * after it waits for its repository only: host, storage domains and manager are rid of it.
 */
export const thingsOf = (
  task: Task,
  deps: Pick<WorkDeps, "managers" | "repositories">,
  isCleaned = false,
): readonly LimitedThing[] => {
  const { scope, repositoryId } = task;
  const repository = toThing(repositoryId, deps);
  if (isCleaned) return [repository];
  // A copy has no part in any engine; it reads one repository and writes another one.
  if (scope.kind === "copy") return [repository, toThing(scope.sourceRepositoryId, deps)];
  return [...engineThings(task, deps), repository];
};

const toThing = (repositoryId: string, { repositories }: Pick<WorkDeps, "repositories">): LimitedThing => ({
  kind: "repository",
  id: repositoryId,
  name: repositories.find(repositoryId)?.name ?? repositoryId,
});

const engineThings = (task: Task, deps: Pick<WorkDeps, "managers">): readonly LimitedThing[] => {
  const manager = deps.managers.find(task.managerId);
  const index = indexOf(manager?.inventory);
  const host = index?.hosts.get(index.vms.get(task.vmId)?.hostId ?? "");
  const domains = [...new Set(domainIdsOf(task, index))].map((id) => ({
    kind: "domain" as const,
    id: `${task.managerId}/${id}`,
    name: index?.domains.get(id)?.name ?? id,
  }));
  return [
    ...(host === undefined ? [] : [{ kind: "host" as const, id: `${task.managerId}/${host.id}`, name: host.name }]),
    ...domains.sort((left, right) => left.name.localeCompare(right.name)),
    { kind: "manager", id: task.managerId, name: manager?.record.name ?? task.managerId },
  ];
};

/** Domains of the disks that a backup reads, or that a restore writes. */
const domainIdsOf = ({ scope, plan, vmId }: Task, index: InventoryIndex | undefined): readonly string[] => {
  if (scope.kind === "copy") return [];
  if (scope.kind !== "backup") return scope.targetDomainIds;
  const disks = index?.vms.get(vmId)?.disks ?? [];
  const skipped = new Set(plan?.capture.disks.filter(({ mode }) => mode === "skipped").map(({ id }) => id));
  return disks
    .filter(({ id }) => !skipped.has(id) && !scope.excludedDiskIds.includes(id))
    .flatMap(({ storageDomainIds }) => storageDomainIds);
};
