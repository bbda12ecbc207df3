import type { Nic, Vm } from "../../model/vm.ts";
import { Collection, type Resource, apiPath, struct } from "../resource.ts";
import { linksOf, stubOf } from "./links.ts";

/** What the guest reports of a NIC: only while its program runs, and nothing when it has no address. */
const deviceOf = (vm: Vm, nic: Nic, index: number): Resource | undefined => {
  const address = vm.status === "up" ? vm.addresses?.[nic.id] : undefined;
  if (address === undefined) return undefined;
  return {
    element: "reported_device",
    id: nic.id,
    href: `${apiPath}/vms/${vm.id}/reporteddevices/${nic.id}`,
    fields: {
      name: `enp${index + 1}s0`,
      type: "network",
      mac: struct("mac", { address: nic.mac }),
      ips: new Collection("ip", [struct("ip", { address, version: "v4" })]),
      vm: stubOf("vm", "vms", vm.id),
    },
  };
};

/** Devices that the guest reports, of all NICs or of one. */
export const reportedDevices = (vm: Vm, of: Nic | undefined): readonly Resource[] =>
  vm.nics.flatMap((nic, index) => (of === undefined || of === nic ? (deviceOf(vm, nic, index) ?? []) : []));

/** `/vms/ID/nics` */
export const nicResource = (vm: Vm, nic: Nic): Resource => {
  const href = `${apiPath}/vms/${vm.id}/nics/${nic.id}`;
  return {
    element: "nic",
    id: nic.id,
    href,
    fields: {
      name: nic.name,
      interface: nic.interface,
      linked: nic.linked,
      plugged: nic.plugged,
      mac: struct("mac", { address: nic.mac }),
      vnic_profile: stubOf("vnic_profile", "vnicprofiles", nic.vnicProfileId),
      vm: stubOf("vm", "vms", vm.id),
    },
    links: linksOf(href, ["reporteddevices", "statistics"]),
  };
};
