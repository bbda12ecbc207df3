import type { GuestNic, GuestSetup, MachineRequest, MachineShape } from "../hypervisor/machines.ts";

/** Body of the request that makes a machine of ours. */
export const toMachineBody = (request: MachineRequest): Record<string, unknown> => ({
  ...toShapeBody(request),
  description: request.description,
  cluster: { id: request.clusterId },
  template: request.templateId === undefined ? { name: "Blank" } : { id: request.templateId },
  type: "server",
  ...(request.storageDomainId === undefined ? {} : { storage_domain: { id: request.storageDomainId } }),
});

/** The part of a VM's body that its shape decides. */
export const toShapeBody = (shape: MachineShape): Record<string, unknown> => ({
  name: shape.name,
  comment: shape.comment,
  memory: String(shape.memoryBytes),
  memory_policy: { guaranteed: String(shape.memoryBytes), max: String(shape.memoryBytes) },
  cpu: { topology: { sockets: String(shape.cpus), cores: "1", threads: "1" } },
  placement_policy: {
    affinity: shape.hostIds.length === 0 ? "migratable" : "pinned",
    // An empty collection takes the hosts away that were named before.
    hosts: shape.hostIds.length === 0 ? {} : { host: shape.hostIds.map((id) => ({ id })) },
  },
});

/** Body of a start that gives the guest its user data for this run only. */
export const toBootBody = ({ hostName, userData, nics, dnsServers }: GuestSetup): Record<string, unknown> => ({
  use_cloud_init: "true",
  vm: {
    initialization: {
      host_name: hostName,
      custom_script: userData,
      ...(nics.length === 0 ? {} : { nic_configurations: { nic_configuration: nics.map(toNicBody) } }),
      ...(dnsServers.length === 0 ? {} : { dns_servers: dnsServers.join(" ") }),
    },
  },
});

const toNicBody = ({ device, fixed }: GuestNic): Record<string, unknown> => ({
  name: device,
  on_boot: "true",
  boot_protocol: fixed === undefined ? "dhcp" : "static",
  ...(fixed === undefined
    ? {}
    : {
        ip: {
          address: fixed.address,
          netmask: fixed.netmask,
          ...(fixed.gateway === "" ? {} : { gateway: fixed.gateway }),
        },
      }),
});
