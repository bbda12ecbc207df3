import type { Host, Inventory, StorageDomain, Vm } from "../hypervisor/inventory.ts";

/** What an inventory has, by id. */
export interface InventoryIndex {
  readonly vms: ReadonlyMap<string, Vm>;
  readonly hosts: ReadonlyMap<string, Host>;
  readonly domains: ReadonlyMap<string, StorageDomain>;
}

const known = new WeakMap<Inventory, InventoryIndex>();

/** The index of an inventory, made once for each reading of it; undefined before the first. */
export const indexOf = (inventory: Inventory | undefined): InventoryIndex | undefined => {
  if (inventory === undefined) return undefined;
  const had = known.get(inventory);
  if (had !== undefined) return had;
  const made = {
    vms: new Map(inventory.vms.map((vm) => [vm.id, vm])),
    hosts: new Map(inventory.hosts.map((host) => [host.id, host])),
    domains: new Map(inventory.storageDomains.map((domain) => [domain.id, domain])),
  };
  known.set(inventory, made);
  return made;
};
