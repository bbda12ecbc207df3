import { orAborted } from "@holdfast/shared/lifecycle/abort";

import { type Engine, pause } from "../engine/engine.ts";
import { conflict } from "../engine/engine-fault.ts";
import { isShutdownIgnored } from "../faults/engine-hooks.ts";
import type { Vm } from "../model/vm.ts";
import { bootUp } from "./launch.ts";
import { showStatus } from "./show-status.ts";
import { checkNoBackup, checkNotBetween } from "./vm-rules.ts";

const action = "Cannot reboot VM";

/** Takes a reboot of a VM that is up: its guest ends and boots again on the same host, with the files that it had. */
export const rebootVm = (engine: Engine, vm: Vm, force: boolean): void => {
  checkNotBetween(vm, action);
  if (vm.status !== "up") throw conflict(`${action}. VM is not up.`);
  if (!force) checkNoBackup(engine, vm, action, "strict");
  showStatus(engine, vm, "reboot_in_progress");
  void engine.turns.run(vm.id, "reboot vm", async (signal) => {
    await pause(engine, "vmMs", signal);
    if (isShutdownIgnored(engine.hooks, vm)) {
      await pause(engine, "shutdownTimeoutMs", signal);
      showStatus(engine, vm, "up");
      return;
    }
    await orAborted(engine.guestPrograms.shutDown(vm.id), signal);
    await bootUp(engine, vm, { signal });
  });
};
