import { type Engine, pause } from "../engine/engine.ts";
import { conflict } from "../engine/engine-fault.ts";
import type { Vm } from "../model/vm.ts";
import { showStatus } from "./show-status.ts";
import { checkNoBackup, checkNotBetween } from "./vm-rules.ts";

const action = "Cannot suspend VM";

/** Takes a suspend of a VM that is up: its guest stands still, its disks are closed, no host carries it. */
export const suspendVm = (engine: Engine, vm: Vm, force: boolean): void => {
  checkNotBetween(vm, action);
  if (vm.status !== "up") throw conflict(`${action}. VM is not up.`);
  if (!force) checkNoBackup(engine, vm, action, "strict");
  showStatus(engine, vm, "saving_state");
  void engine.turns.run(vm.id, "suspend vm", async (signal) => {
    await pause(engine, "vmMs", signal);
    await engine.guestPrograms.freeze(vm.id, signal);
    await engine.storage.stopVm(vm.id);
    signal.throwIfAborted();
    delete vm.hostId;
    showStatus(engine, vm, "suspended");
  });
};
