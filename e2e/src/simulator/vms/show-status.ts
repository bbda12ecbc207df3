import type { Engine } from "../engine/engine.ts";
import type { Vm, VmStatus } from "../model/vm.ts";

/** Changes that are kept of one VM; older ones are dropped. */
const kept = 2_000;

const note = (engine: Engine, vm: Vm, status: string): void => {
  const { vmHistories } = engine.world;
  const history = vmHistories.get(vm.id) ?? { vmId: vm.id, name: vm.name, changes: [] };
  vmHistories.set(vm.id, history);
  history.changes.push({ status, atMs: engine.clock.nowMs() });
  if (history.changes.length > kept) history.changes.splice(0, history.changes.length - kept);
};

/** The one way in which a VM's status changes: it is seen in the API, stands in the VM's history, and is on disk. */
export const showStatus = (engine: Engine, vm: Vm, status: VmStatus): void => {
  vm.status = status;
  note(engine, vm, status);
  engine.save();
};

/** The VM is gone; its history stays. */
export const showRemoved = (engine: Engine, vm: Vm): void => {
  engine.world.vms.delete(vm.id);
  note(engine, vm, "removed");
  engine.save();
};
