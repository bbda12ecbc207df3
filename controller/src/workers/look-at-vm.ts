import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { Vm } from "../hypervisor/inventory.ts";
import type { WorkerAt, WorkerDeps } from "./worker-deps.ts";
import { workerMarkOf } from "./worker.ts";

/**
 * A worker's VM as it is now, known by its mark alone: by the id that we keep, else by its name, else where the inventory last saw
 * the mark. Undefined when the engine has none; a VM of the same name without the mark is somebody else's.
 */
export const lookAtVm = async (
  deps: Pick<WorkerDeps, "installationId">,
  { worker, manager, hypervisor }: WorkerAt,
  signal: AbortSignal,
): Promise<Vm | undefined> => {
  const mark = workerMarkOf(deps.installationId, worker.workerId);
  const isOurs = (vm: Vm | undefined): boolean => vm?.description === mark;
  const byId = async (vmId: string): Promise<Vm | undefined> => {
    if (vmId === "") return undefined;
    try {
      return await hypervisor.getVm(vmId, signal);
    } catch (caught) {
      if (!hasCode(caught, "VM_NOT_FOUND")) throw caught;
      return undefined;
    }
  };
  const known = await byId(worker.vmId);
  if (isOurs(known)) return known;
  const named = (await hypervisor.findVms(worker.definition.name, signal)).find(isOurs);
  if (named !== undefined) return named;
  const seen = await byId(manager.inventory?.vms.find(isOurs)?.id ?? "");
  return isOurs(seen) ? seen : undefined;
};
