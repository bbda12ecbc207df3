import type { Engine } from "../engine/engine.ts";
import type { Vm } from "../model/vm.ts";
import { checkNameFree } from "./create-vm.ts";
import { defined } from "../model/defined.ts";
import { toInitialization } from "./initialization-body.ts";
import type { VmBody } from "./vm-body.ts";
import { placementOf } from "./wanted-placement.ts";
import { topologyOf, wantedAttributes } from "./wanted-hardware.ts";

/** `PUT /vms/ID`; what the body does not name stays, and so does the compatibility level. */
export const editVm = (engine: Engine, vm: Vm, body: VmBody): void => {
  if (body.name !== undefined) checkNameFree(engine, body.name, "Cannot edit VM", vm);
  const { customLevel: _level, ...attributes } = wantedAttributes(body, vm.settings);
  const placement = placementOf(engine, body, "Cannot edit VM", vm.placement);
  const initialization = toInitialization(body.initialization) ?? vm.initialization;
  Object.assign(vm, {
    name: body.name ?? vm.name,
    ...attributes,
    ...defined({ placement, initialization }),
    cpu: topologyOf(body, vm.cpu),
  } satisfies Partial<Vm>);
  engine.save();
};
