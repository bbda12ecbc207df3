import { diskStatus } from "../disks/disk-status.ts";
import { vmsWithDisk } from "../disks/owners.ts";
import type { Searchable } from "../http/search-query.ts";
import type { Disk } from "../model/disk.ts";
import type { EngineEvent } from "../model/event.ts";
import {
  type Cluster,
  type DataCenter,
  type Host,
  type Network,
  type StorageDomain,
  type Template,
  type VnicProfile,
  levelText,
} from "../model/inventory.ts";
import type { Vm } from "../model/vm.ts";
import type { World } from "../model/world.ts";

const namesOf = (rows: Iterable<{ readonly name: string }>): readonly string[] => [...rows].map(({ name }) => name);

const centerOf = (world: World, id: string | undefined): string | undefined => world.dataCenters.get(id ?? "")?.name;

/** By which VMs are searched. */
export const searchableVm = (world: World, vm: Vm): Searchable => {
  const cluster = world.clusters.get(vm.clusterId);
  return {
    id: vm.id,
    name: vm.name,
    status: vm.status,
    description: vm.description,
    comment: vm.comment,
    type: vm.type,
    os: vm.osType,
    mem: String(vm.memoryBytes / 2 ** 20),
    creationdate: String(vm.createdMs),
    cluster: cluster?.name,
    datacenter: centerOf(world, cluster?.dataCenterId),
    host: world.hosts.get(vm.hostId ?? "")?.name,
    template: world.templates.get(vm.templateId)?.name,
    tag: namesOf(vm.tagIds.flatMap((id) => world.tags.get(id) ?? [])),
    ip: Object.values(vm.addresses ?? {}),
    "disk.alias": vm.attachments.flatMap(({ diskId }) => world.disks.get(diskId)?.alias ?? []),
    storage: vm.attachments.flatMap(
      ({ diskId }) => world.storageDomains.get(world.disks.get(diskId)?.storageDomainId ?? "")?.name ?? [],
    ),
  };
};

/** By which disks are searched. */
export const searchableDisk = (world: World, disk: Disk): Searchable => {
  const domain = world.storageDomains.get(disk.storageDomainId);
  return {
    id: disk.id,
    name: disk.alias,
    alias: disk.alias,
    description: disk.description,
    status: diskStatus(world, disk),
    format: disk.format,
    disk_type: "image",
    disk_content_type: disk.contentType,
    provisioned_size: String(disk.sizeBytes),
    creation_date: String(disk.createdMs),
    storage: domain?.name,
    datacenter: centerOf(world, domain?.dataCenterId),
    vm_names: namesOf(vmsWithDisk(world, disk.id)),
    number_of_vms: String(vmsWithDisk(world, disk.id).length),
  };
};

/** By which hosts are searched. */
export const searchableHost = (world: World, host: Host): Searchable => {
  const cluster = world.clusters.get(host.clusterId);
  return {
    id: host.id,
    name: host.name,
    status: host.status,
    address: host.address,
    hw_id: host.id,
    type: "ovirt_node",
    cluster: cluster?.name,
    datacenter: centerOf(world, cluster?.dataCenterId),
    "vms.name": namesOf([...world.vms.values()].filter((vm) => vm.hostId === host.id)),
  };
};

/** By which clusters are searched. */
export const searchableCluster = (world: World, cluster: Cluster): Searchable => ({
  id: cluster.id,
  name: cluster.name,
  version: levelText(cluster.level),
  architecture: "x86_64",
  datacenter: centerOf(world, cluster.dataCenterId),
});

/** By which data centers are searched. */
export const searchableDataCenter = (world: World, center: DataCenter): Searchable => ({
  id: center.id,
  name: center.name,
  status: "up",
  local: "false",
  "storage.name": namesOf([...world.storageDomains.values()].filter((domain) => domain.dataCenterId === center.id)),
  "clusters.name": namesOf([...world.clusters.values()].filter((cluster) => cluster.dataCenterId === center.id)),
});

/** By which storage domains are searched. */
export const searchableStorageDomain = (world: World, domain: StorageDomain): Searchable => ({
  id: domain.id,
  name: domain.name,
  status: domain.status ?? "active",
  type: domain.storageType,
  datacenter: centerOf(world, domain.dataCenterId),
});

/** By which templates are searched. */
export const searchableTemplate = (world: World, template: Template): Searchable => ({
  id: template.id,
  name: template.name,
  description: template.description,
  status: template.status ?? "ok",
  version: String(template.version ?? 1),
  cluster: world.clusters.get(template.clusterId ?? "")?.name,
  "vms.name": namesOf([...world.vms.values()].filter((vm) => vm.templateId === template.id)),
});

/** By which networks are searched. */
export const searchableNetwork = (world: World, network: Network): Searchable => ({
  id: network.id,
  name: network.name,
  datacenter: centerOf(world, network.dataCenterId),
});

/** By which vNIC profiles are searched. */
export const searchableProfile = (world: World, profile: VnicProfile): Searchable => {
  const network = world.networks.get(profile.networkId);
  return {
    id: profile.id,
    name: profile.name,
    network_name: network?.name,
    data_center: centerOf(world, network?.dataCenterId),
  };
};

/** By which events are searched; a word, such as the id of a backup, is found in their texts. */
export const searchableEvent = (world: World, event: EngineEvent): Searchable => ({
  id: String(event.index),
  message: event.description,
  type: String(event.code),
  severity: event.severity,
  time: String(event.timeMs),
  correlation_id: event.correlationId,
  event_origin: event.origin,
  custom_event_id: event.customId === undefined ? undefined : String(event.customId),
  vm_name: world.vms.get(event.vmId ?? "")?.name,
  "vm.name": world.vms.get(event.vmId ?? "")?.name,
});
