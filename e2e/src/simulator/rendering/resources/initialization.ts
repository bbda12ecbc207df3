import type { Initialization, NicConfiguration } from "../../model/initialization.ts";
import { Collection, type Resource, struct } from "../resource.ts";

const nicOf = (nic: NicConfiguration): Resource =>
  struct("nic_configuration", {
    name: nic.name,
    on_boot: nic.onBoot,
    boot_protocol: nic.protocol,
    ip:
      nic.address === undefined
        ? undefined
        : struct("ip", { address: nic.address, netmask: nic.netmask, gateway: nic.gateway, version: "v4" }),
  });

/** `initialization` of a VM: what is stored for cloud-init, and the OVF when all content was asked for. */
export const initializationOf = (stored: Initialization | undefined, ovf: string | undefined): Resource | undefined => {
  if (stored === undefined && ovf === undefined) return undefined;
  return struct("initialization", {
    host_name: stored?.hostName,
    user_name: stored?.userName,
    dns_servers: stored?.dnsServers,
    dns_search: stored?.dnsSearch,
    custom_script: stored?.customScript,
    ...stored?.more,
    nic_configurations: stored === undefined ? undefined : new Collection("nic_configuration", stored.nics.map(nicOf)),
    configuration: ovf === undefined ? undefined : struct("configuration", { type: "ovf", data: ovf }),
  });
};
