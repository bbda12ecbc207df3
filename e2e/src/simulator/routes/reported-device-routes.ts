import type { Engine } from "../engine/engine.ts";
import { existing, existingIn } from "../engine/engine-fault.ts";
import { type Call, type Handle, ok, param, rows } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import type { Vm } from "../model/vm.ts";
import { reportedDevices } from "../rendering/resources/nic.ts";

const idOf = (device: { readonly id?: string | undefined }): string => device.id ?? "";

/** `/vms/ID/reporteddevices` and `/vms/ID/nics/ID/reporteddevices`: what a running guest tells of its network. */
export const reportedDeviceRoutes = (engine: Engine): readonly Route<Handle>[] => {
  const vmOf = (call: Call): Vm => existing(engine.world.vms, param(call, "vm"));
  return [
    {
      method: "GET",
      pattern: "/vms/:vm/reporteddevices",
      handle: (call) => rows(call, "reported_device", reportedDevices(vmOf(call), undefined)),
    },
    {
      method: "GET",
      pattern: "/vms/:vm/reporteddevices/:device",
      handle: (call) => {
        const devices = reportedDevices(vmOf(call), undefined).map((one) => ({ ...one, id: idOf(one) }));
        return ok(existingIn(devices, param(call, "device")));
      },
    },
    {
      method: "GET",
      pattern: "/vms/:vm/nics/:nic/reporteddevices",
      handle: (call) => {
        const vm = vmOf(call);
        return rows(call, "reported_device", reportedDevices(vm, existingIn(vm.nics, param(call, "nic"))));
      },
    },
  ];
};
