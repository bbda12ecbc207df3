import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Vm } from "../hypervisor/inventory.ts";

/** A manager with its VMs, as names are looked up in. */
export interface ManagerVms {
  readonly managerId: string;
  readonly managerName: string;
  readonly vms: readonly Vm[];
}

/** A VM found, with its manager. */
export interface FoundVm {
  readonly managerId: string;
  readonly managerName: string;
  readonly vm: Vm;
}

/** Finds the one VM that an id, a name or `manager/name` means. VM_NOT_FOUND for none, INVALID_ARGUMENT naming all when several. */
export const resolveVm = (text: string, managers: readonly ManagerVms[]): FoundVm => {
  const found = matches(text, managers);
  const [first, second] = found;
  if (first === undefined) throw new HoldfastError("VM_NOT_FOUND", `no VM ${text}`, { details: { vm: text } });
  if (second === undefined) return first;
  const choices = found.map(({ managerName, vm }) => `${managerName}/${vm.name} (${vm.id})`).sort();
  throw new HoldfastError("INVALID_ARGUMENT", `${text} names several VMs: ${choices.join(", ")}`, {
    details: { vm: text },
  });
};

const matches = (text: string, managers: readonly ManagerVms[]): readonly FoundVm[] => {
  const all = managers.flatMap(({ managerId, managerName, vms }) => vms.map((vm) => ({ managerId, managerName, vm })));
  const byId = all.filter(({ vm }) => vm.id === text);
  if (byId.length > 0) return byId;
  const byName = all.filter(({ vm }) => vm.name === text);
  if (byName.length > 0) return byName;
  return all.filter(
    ({ managerName, vm }) => `${managerName}/${vm.name}` === text || `${managerName}/${vm.id}` === text,
  );
};
