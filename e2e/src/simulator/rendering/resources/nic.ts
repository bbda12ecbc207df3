import type { Nic } from "../../model/vm.ts";
import type { Follow } from "../follow.ts";
import { Collection, type Resource, apiPath, struct } from "../resource.ts";
import { linksOf, stubOf } from "./links.ts";

/** `/vms/ID/nics`; the simulated guests report no addresses. */
export const nicResource = (vmId: string, nic: Nic, follow: Follow = new Set()): Resource => {
  const href = `${apiPath}/vms/${vmId}/nics/${nic.id}`;
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
      vm: stubOf("vm", "vms", vmId),
      reported_devices: follow.has("reporteddevices") ? new Collection("reported_device", []) : undefined,
    },
    links: linksOf(href, follow.has("reporteddevices") ? ["statistics"] : ["reporteddevices", "statistics"]),
  };
};
