import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { readProcessState } from "@holdfast/shared/process/process-state";

import type { Route } from "../http/router.ts";
import { renderJson } from "../rendering/json/render-json.ts";
import { initializationOf } from "../rendering/resources/initialization.ts";
import type { Control, ControlCall, ControlHandle } from "./control.ts";
import { capacitySchema, ignoreShutdownSchema, someDelaysSchema, startRefusalSchema } from "./control-schemas.ts";
import { vmOf } from "./machine-routes.ts";

const guestProcess = async (control: Control, call: ControlCall) => {
  const found = control.engine.guestPrograms.find(vmOf(control, call).id);
  if (found === undefined) return {};
  const state = await readProcessState(found.pid);
  return state === undefined ? {} : { process: { ...found, state: state.state } };
};

const setCapacity = (control: Control, call: ControlCall): void => {
  const host = control.engine.world.hosts.get(call.params["host"] ?? "");
  if (host === undefined) throw new HoldfastError("NOT_FOUND", "no such host");
  const { memoryBytes } = capacitySchema.parse(call.body);
  if (memoryBytes === null) delete host.memoryBytes;
  else host.memoryBytes = memoryBytes;
  control.engine.save();
};

const historyOf = (control: Control, call: ControlCall) => {
  const history = control.engine.world.vmHistories.get(call.params["vm"] ?? "");
  if (history === undefined) throw new HoldfastError("NOT_FOUND", "no such VM was ever here");
  return history;
};

const toldAtStart = (control: Control, call: ControlCall): unknown => {
  const rendered = initializationOf(control.engine.hooks.toldAtStart.get(vmOf(control, call).id), undefined);
  return rendered === undefined ? {} : { initialization: JSON.parse(renderJson(rendered)) as unknown };
};

const ignoreShutdown = (control: Control, call: ControlCall): void => {
  const { vm, ignores } = ignoreShutdownSchema.parse(call.body);
  const { ignoreShutdown: names } = control.engine.hooks;
  if (ignores) names.add(vm);
  else names.delete(vm);
};

/** What the lab sees and does of VMs that come, run something and go: workers. */
export const workerRoutes = (control: Control): readonly Route<ControlHandle>[] => [
  { method: "GET", pattern: "/vm-histories", handle: () => [...control.engine.world.vmHistories.values()] },
  { method: "GET", pattern: "/vm-histories/:vm", handle: (call) => historyOf(control, call) },
  { method: "GET", pattern: "/vms/:vm/guest-process", handle: (call) => guestProcess(control, call) },
  { method: "GET", pattern: "/vms/:vm/told-at-start", handle: (call) => toldAtStart(control, call) },
  {
    method: "POST",
    pattern: "/vms/:vm/break-guest",
    handle: async (call) => {
      const { id } = vmOf(control, call);
      if (control.engine.guestPrograms.find(id) === undefined) {
        throw new HoldfastError("FAILED_PRECONDITION", "nothing runs in the VM's guest");
      }
      await control.engine.guestPrograms.break(id);
      return {};
    },
  },
  {
    method: "POST",
    pattern: "/delays",
    handle: (call) => {
      Object.assign(control.engine.config.delays, someDelaysSchema.parse(call.body));
      return {};
    },
  },
  {
    method: "POST",
    pattern: "/start-refusals",
    handle: (call) => {
      control.engine.hooks.startRefusals.push(startRefusalSchema.parse(call.body));
      return {};
    },
  },
  {
    method: "POST",
    pattern: "/ignore-shutdown",
    handle: (call) => {
      ignoreShutdown(control, call);
      return {};
    },
  },
  {
    method: "POST",
    pattern: "/hosts/:host/capacity",
    handle: (call) => {
      setCapacity(control, call);
      return {};
    },
  },
];
