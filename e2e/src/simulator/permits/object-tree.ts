import { vmsWithDisk } from "../disks/owners.ts";
import { type ObjectKind, type ObjectRef, systemObject } from "../model/access.ts";
import type { World } from "../model/world.ts";

type Ref = ObjectRef | undefined;

/** The table of the model in which objects of a kind are. */
export const tableOf = (
  world: World,
  kind: Exclude<ObjectKind, "system">,
): ReadonlyMap<string, { readonly id: string }> => {
  const tables = {
    data_center: world.dataCenters,
    cluster: world.clusters,
    host: world.hosts,
    storage_domain: world.storageDomains,
    network: world.networks,
    vnic_profile: world.vnicProfiles,
    template: world.templates,
    vm: world.vms,
    disk: world.disks,
  } as const;
  return tables[kind];
};

/** The object of an id, or undefined when there is none of this kind. */
export const findObject = (world: World, kind: ObjectKind, id: string | undefined): Ref => {
  if (kind === "system") return systemObject;
  return id !== undefined && tableOf(world, kind).has(id) ? { kind, id } : undefined;
};

const above =
  (kind: ObjectKind, idOf: (world: World, id: string) => string | undefined) =>
  (world: World, id: string): readonly ObjectRef[] => {
    const parent = idOf(world, id);
    return parent === undefined ? [] : [{ kind, id: parent }];
  };

const centerOfTemplate = ({ clusters, templates }: World, id: string): string | undefined =>
  clusters.get(templates.get(id)?.clusterId ?? "")?.dataCenterId;

const domainOfDisk = above("storage_domain", ({ disks }, id) => disks.get(id)?.storageDomainId);

/** The objects directly above one of each kind. A disk is below its storage domain and below every VM that has it attached. */
const parents: Readonly<Record<ObjectKind, (world: World, id: string) => readonly ObjectRef[]>> = {
  system: () => [],
  data_center: () => [systemObject],
  cluster: above("data_center", ({ clusters }, id) => clusters.get(id)?.dataCenterId),
  host: above("cluster", ({ hosts }, id) => hosts.get(id)?.clusterId),
  vm: above("cluster", ({ vms }, id) => vms.get(id)?.clusterId),
  storage_domain: above("data_center", ({ storageDomains }, id) => storageDomains.get(id)?.dataCenterId),
  network: above("data_center", ({ networks }, id) => networks.get(id)?.dataCenterId),
  vnic_profile: above("network", ({ vnicProfiles }, id) => vnicProfiles.get(id)?.networkId),
  // Blank belongs to no cluster.
  template: (world, id) => [...above("data_center", centerOfTemplate)(world, id), systemObject],
  disk: (world, id) => [
    ...domainOfDisk(world, id),
    ...vmsWithDisk(world, id).map((vm): ObjectRef => ({ kind: "vm", id: vm.id })),
  ],
};

/** The object and everything above it: a permission on any of them holds for it. */
export const lineageOf = (world: World, object: ObjectRef): readonly ObjectRef[] => [
  object,
  ...parents[object.kind](world, object.id).flatMap((parent) => lineageOf(world, parent)),
];

/** True when both are the same object. */
export const isSame = (a: ObjectRef, b: ObjectRef): boolean => a.kind === b.kind && a.id === b.id;
