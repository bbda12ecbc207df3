import { type Actor, type Engine, pause } from "../engine/engine.ts";
import { conflict } from "../engine/engine-fault.ts";
import { checkDomains } from "../domains/domain-rules.ts";
import { eventCodes, noteEvent } from "../events/event-log.ts";
import { takeStartRefusal } from "../faults/start-refusals.ts";
import type { Initialization } from "../model/initialization.ts";
import type { Vm } from "../model/vm.ts";
import { chooseHost } from "./choose-host.ts";
import { bootUp, launch, pluggedDisks } from "./launch.ts";
import { showStatus } from "./show-status.ts";
import { checkDisksUnlocked, checkNoBackup, checkSnapshotsIdle, checkNotBetween } from "./vm-rules.ts";

/** How a VM is to be started. */
export interface StartRequest {
  /** What cloud-init is told at this boot. */
  readonly initialization?: Initialization | undefined;
  /** True when settings last for this run only: such a start cannot resume. */
  readonly runOnce?: boolean;
  /** Hosts that it may run on, when not every one; ids. */
  readonly hostIds?: readonly string[];
}

const action = "Cannot run VM";

const checkStartable = (engine: Engine, vm: Vm, request: StartRequest): void => {
  checkNoBackup(engine, vm, action, "strict");
  checkNotBetween(vm, action);
  if (vm.status !== "down" && vm.status !== "suspended") throw conflict(`${action}. VM is running.`);
  if (vm.status === "suspended" && request.runOnce === true) throw conflict(`${action}. VM is suspended.`);
  checkDisksUnlocked(engine, vm, action);
  checkDomains(
    engine,
    vm.attachments.flatMap(({ active, diskId }) => (active ? [diskId] : [])),
    action,
    "access",
  );
  checkSnapshotsIdle(vm, action);
};

const resume = async (engine: Engine, actor: Actor, vm: Vm, signal: AbortSignal): Promise<void> => {
  await pause(engine, "vmMs", signal);
  vm.frozen = false;
  await engine.storage.startVm(vm.id, pluggedDisks(engine, vm));
  signal.throwIfAborted();
  // After a restart of the simulator there is no memory to restore: the guest boots anew.
  if (engine.guestPrograms.thaw(vm.id)) showStatus(engine, vm, "up");
  else await bootUp(engine, vm, { signal });
  noteEvent(engine, actor, { code: eventCodes.vmStarted, description: `VM ${vm.name} started`, vmId: vm.id });
  engine.save();
};

/** Takes a start, or the resume of a suspended VM: checks, a host, then up in the background. */
export const startVm = (engine: Engine, actor: Actor, vm: Vm, request: StartRequest): void => {
  checkStartable(engine, vm, request);
  takeStartRefusal(engine.hooks, vm);
  vm.hostId = chooseHost(engine.world, vm, request.hostIds).id;
  if (vm.status === "suspended") {
    showStatus(engine, vm, "restoring_state");
    void engine.turns.run(vm.id, "resume vm", (signal) => resume(engine, actor, vm, signal));
    return;
  }
  if (request.runOnce === true) vm.runOnce = true;
  if (request.initialization !== undefined) engine.hooks.toldAtStart.set(vm.id, request.initialization);
  showStatus(engine, vm, "wait_for_launch");
  void engine.turns.run(vm.id, "start vm", async (signal) => {
    await pause(engine, "vmMs", signal);
    await launch(engine, actor, vm, { initialization: request.initialization, signal });
  });
};
