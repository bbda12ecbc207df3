import { orAborted } from "@holdfast/shared/lifecycle/abort";

import { type Actor, type Engine, pause } from "../engine/engine.ts";
import { conflict } from "../engine/engine-fault.ts";
import { isShutdownIgnored } from "../faults/engine-hooks.ts";
import type { Vm, VmStatus } from "../model/vm.ts";
import { markDown } from "./launch.ts";
import { showStatus } from "./show-status.ts";
import { checkNoBackup, checkNotBetween } from "./vm-rules.ts";

/** How a VM is to go down. */
export interface StopRequest {
  /** Needed against a live or cold backup. */
  readonly force: boolean;
  readonly reason: string;
}

/** Ends guest and QEMU. Whoever aborts it shows the VM as what it then is. */
const powerOff = async (engine: Engine, vm: Vm, signal: AbortSignal): Promise<void> => {
  await engine.guestPrograms.kill(vm.id);
  await engine.storage.stopVm(vm.id);
  signal.throwIfAborted();
};

const checkStoppable = (engine: Engine, vm: Vm, action: string, { force }: StopRequest): void => {
  if (vm.status === "down") throw conflict(`${action}. VM is not running.`);
  checkNotBetween(vm, action);
  if (!force) checkNoBackup(engine, vm, action, "strict");
};

/** Takes a power-off of a VM that runs, boots, goes down or is suspended: down in the background. */
export const stopVm = (engine: Engine, actor: Actor, vm: Vm, request: StopRequest): void => {
  checkStoppable(engine, vm, "Cannot stop VM", request);
  showStatus(engine, vm, "powering_down");
  void engine.turns.run(vm.id, "stop vm", async (signal) => {
    await pause(engine, "vmMs", signal);
    await powerOff(engine, vm, signal);
    markDown(engine, actor, vm, request.reason);
  });
};

const askable: readonly VmStatus[] = ["up", "powering_up", "powering_down", "reboot_in_progress", "paused"];

/** A guest that does not listen never goes. */
const askGuest = (engine: Engine, vm: Vm): Promise<void> =>
  isShutdownIgnored(engine.hooks, vm) ? new Promise(() => undefined) : engine.guestPrograms.shutDown(vm.id);

/** Resolves when the guest has gone; when that takes too long, the VM is shown as up meanwhile. */
const untilGone = async (engine: Engine, vm: Vm, signal: AbortSignal): Promise<void> => {
  await pause(engine, "vmMs", signal);
  const forget = engine.clock.after(engine.config.delays.shutdownTimeoutMs, () => {
    if (!signal.aborted) showStatus(engine, vm, "up");
  });
  try {
    await orAborted(askGuest(engine, vm), signal);
  } finally {
    forget();
  }
};

/**
 * Takes a shutdown: the guest is asked to end. When it does not in time, the VM is shown as up again, and goes down whenever
 * its guest does.
 */
export const shutdownVm = (engine: Engine, actor: Actor, vm: Vm, request: StopRequest): void => {
  const action = "Cannot shutdown VM";
  checkStoppable(engine, vm, action, request);
  if (!askable.includes(vm.status)) throw conflict(`${action}. VM is not up.`);
  showStatus(engine, vm, "powering_down");
  void engine.turns.run(vm.id, "shut down vm", async (signal) => {
    await untilGone(engine, vm, signal);
    await powerOff(engine, vm, signal);
    markDown(engine, actor, vm, request.reason);
  });
};

/** The host's power is cut: QEMU and guest die at once, and what was tracked is lost. */
export const crashVm = (engine: Engine, actor: Actor, vm: Vm): Promise<void> =>
  engine.turns.run(vm.id, "crash vm", async () => {
    await engine.storage.killVm(vm.id);
    await engine.guestPrograms.kill(vm.id);
    markDown(engine, actor, vm, "Exit message: Lost connection with qemu process.");
  });
