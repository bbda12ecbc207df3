import type { PendingChange } from "./worker.ts";
import type { WorkerDefinition } from "./worker-definition.ts";

const remakes = ["source", "storageDomain"] as const satisfies readonly (keyof WorkerDefinition)[];
const reshapes = [
  "tasks",
  "cpus",
  "memoryBytes",
  "networks",
  "dnsServers",
  "hosts",
] as const satisfies readonly (keyof WorkerDefinition)[];
const labels = ["name", "description"] as const satisfies readonly (keyof WorkerDefinition)[];

/** What an edit means for the VM. */
export interface EditEffect {
  /** What the next launch has to do first. */
  readonly pending: PendingChange;
  /** True when it takes away what running tasks stand on: it is refused while there are any, or ends them. */
  readonly isDeep: boolean;
}

/** Compares two definitions of a worker; a change that waits already stays. */
export const effectOfEdit = (before: WorkerDefinition, after: WorkerDefinition, waiting: PendingChange): EditEffect => {
  const isChanged = (fields: readonly (keyof WorkerDefinition)[]): boolean =>
    fields.some((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));
  const isRemade = isChanged(remakes);
  const isReshaped = isChanged(reshapes);
  if (isRemade || waiting === "remake") return { pending: "remake", isDeep: isRemade || isReshaped };
  if (isReshaped || isChanged(labels)) return { pending: "reshape", isDeep: isReshaped };
  return { pending: waiting, isDeep: false };
};
