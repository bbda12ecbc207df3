import type { Engine } from "../engine/engine.ts";
import { existing } from "../engine/engine-fault.ts";
import { parseBody } from "../http/body.ts";
import { type Answer, type Call, type Handle, accepted, created, flag, ok, param } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import { searchedRows } from "../http/search.ts";
import type { Vm } from "../model/vm.ts";
import { writeOvf } from "../ovf/write-ovf.ts";
import { vmResource } from "../rendering/resources/vm.ts";
import { createVmFromOvf } from "../vms/create-vm-from-ovf.ts";
import { createVm } from "../vms/create-vm.ts";
import { editVm } from "../vms/edit-vm.ts";
import { removeVm } from "../vms/remove-vm.ts";
import { vmBody } from "../vms/vm-body.ts";
import { searchableVm } from "./searchable.ts";

const vmOf = (engine: Engine, call: Call): Vm => existing(engine.world.vms, param(call, "vm"));

const show = (engine: Engine, call: Call, vm: Vm) =>
  vmResource(engine.world, vm, call.allContent ? writeOvf(engine.world, vm) : undefined);

const list = (engine: Engine, call: Call): Answer =>
  searchedRows(
    call,
    {
      element: "vm",
      all: [...engine.world.vms.values()],
      searchable: (vm) => searchableVm(engine.world, vm),
    },
    (vm) => show(engine, call, vm),
  );

const create = (engine: Engine, call: Call): Answer => {
  const body = parseBody(vmBody, call.body);
  const vm =
    body.initialization?.configuration === undefined
      ? createVm(engine, call.actor, body, flag(call, "clone"))
      : createVmFromOvf(engine, call.actor, body);
  return created(vmResource(engine.world, vm));
};

/** `/vms`, but for the actions of a VM. */
export const vmRoutes = (engine: Engine): readonly Route<Handle>[] => [
  { method: "GET", pattern: "/vms", handle: (call) => list(engine, call) },
  { method: "POST", pattern: "/vms", handle: (call) => create(engine, call) },
  { method: "GET", pattern: "/vms/:vm", handle: (call) => ok(show(engine, call, vmOf(engine, call))) },
  {
    method: "PUT",
    pattern: "/vms/:vm",
    handle: (call) => {
      const vm = vmOf(engine, call);
      editVm(engine, vm, parseBody(vmBody, call.body));
      return ok(vmResource(engine.world, vm));
    },
  },
  {
    method: "DELETE",
    pattern: "/vms/:vm",
    handle: (call) => {
      removeVm(engine, call.actor, vmOf(engine, call), flag(call, "detach_only"));
      return accepted();
    },
  },
];
