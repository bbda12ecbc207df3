import type { Engine } from "../engine/engine.ts";
import { conflict, existing } from "../engine/engine-fault.ts";
import { bool, entity, parseBody, text } from "../http/body.ts";
import { type Call, type Handle, accepted, param } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import type { Initialization } from "../model/initialization.ts";
import type { Vm } from "../model/vm.ts";
import { freezeVm, thawVm } from "../vms/freeze.ts";
import { toInitialization } from "../vms/initialization-body.ts";
import { rebootVm } from "../vms/reboot-vm.ts";
import { startVm } from "../vms/start-vm.ts";
import { type StopRequest, shutdownVm, stopVm } from "../vms/stop-vm.ts";
import { suspendVm } from "../vms/suspend-vm.ts";
import { vmBody } from "../vms/vm-body.ts";
import { wantedHosts } from "../vms/wanted-placement.ts";

const actionOptions = ["async", "filter", "grace_period", "status", "job", "fault"];

const startBody = entity(
  {
    vm: vmBody.optional(),
    use_cloud_init: bool.optional(),
    use_sysprep: bool.optional(),
    use_ignition: bool.optional(),
    use_initialization: bool.optional(),
  },
  [...actionOptions, "pause", "volatile", "authorized_key"],
);
type StartBody = ReturnType<typeof readStart>;
const readStart = (call: Call) => parseBody(startBody, call.body);

const stopBody = entity({ force: bool.optional(), reason: text.optional() }, actionOptions);
const emptyBody = entity({}, actionOptions);

/** What cloud-init is told: what the start brings, or what is stored with the VM; nothing unless the start asks for it. */
const toldAtStart = (vm: Vm, body: StartBody): Initialization | undefined => {
  const ways = [body.use_cloud_init, body.use_sysprep, body.use_ignition].filter((way) => way === true);
  if (ways.length > 1) {
    throw conflict("Cannot run VM. Only one of Cloud-Init, Sysprep and Ignition can be used.");
  }
  if (body.use_cloud_init === true) return toInitialization(body.vm?.initialization) ?? vm.initialization;
  return body.use_initialization === true ? vm.initialization : undefined;
};

const start = (engine: Engine, call: Call, vm: Vm): void => {
  const body = readStart(call);
  startVm(engine, call.actor, vm, {
    initialization: toldAtStart(vm, body),
    runOnce: body.vm !== undefined,
    hostIds: wantedHosts(engine, body.vm, "Cannot run VM"),
  });
};

const stopRequest = (call: Call): StopRequest => {
  const { force = false, reason = "" } = parseBody(stopBody, call.body);
  return { force, reason };
};

/** The actions of a VM. */
export const vmActionRoutes = (engine: Engine): readonly Route<Handle>[] => {
  const action = (name: string, act: (call: Call, vm: Vm) => void): Route<Handle> => ({
    method: "POST",
    pattern: `/vms/:vm/${name}`,
    handle: (call) => {
      act(call, existing(engine.world.vms, param(call, "vm")));
      return accepted();
    },
  });
  return [
    action("start", (call, vm) => {
      start(engine, call, vm);
    }),
    action("stop", (call, vm) => {
      stopVm(engine, call.actor, vm, stopRequest(call));
    }),
    action("shutdown", (call, vm) => {
      shutdownVm(engine, call.actor, vm, stopRequest(call));
    }),
    action("suspend", (call, vm) => {
      suspendVm(engine, vm, stopRequest(call).force);
    }),
    action("reboot", (call, vm) => {
      rebootVm(engine, vm, stopRequest(call).force);
    }),
    action("freezefilesystems", (call, vm) => {
      parseBody(emptyBody, call.body);
      freezeVm(engine, call.actor, vm);
    }),
    action("thawfilesystems", (call, vm) => {
      parseBody(emptyBody, call.body);
      thawVm(engine, vm);
    }),
  ];
};
