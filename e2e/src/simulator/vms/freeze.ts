import type { Actor, Engine } from "../engine/engine.ts";
import { conflict, refused } from "../engine/engine-fault.ts";
import { eventCodes, noteEvent } from "../events/event-log.ts";
import type { Vm } from "../model/vm.ts";

/** Asks the guest agent to freeze file systems; false, with a warning event, when there is none. */
export const freezeGuest = (engine: Engine, actor: Actor, vm: Vm): boolean => {
  noteEvent(engine, actor, {
    code: eventCodes.freezeStarted,
    description: `Freeze of guest filesystems on VM ${vm.name} was initiated.`,
    vmId: vm.id,
  });
  noteEvent(
    engine,
    actor,
    vm.guestAgent
      ? {
          code: eventCodes.freezeDone,
          description: `Guest filesystems on VM ${vm.name} have been frozen successfully.`,
          vmId: vm.id,
        }
      : {
          code: eventCodes.freezeFailed,
          severity: "warning",
          description: `Failed to freeze guest filesystems on VM ${vm.name}. Note that using the created snapshot might cause data inconsistency.`,
          vmId: vm.id,
        },
  );
  engine.save();
  return vm.guestAgent;
};

/** The action `freezefilesystems` of a VM. */
export const freezeVm = (engine: Engine, actor: Actor, vm: Vm): void => {
  if (vm.status !== "up") throw conflict("Cannot freeze VM. VM is not running.");
  // The guest's agent freezes no file system that is frozen.
  if (vm.frozen === true || !freezeGuest(engine, actor, vm)) throw refused();
  vm.frozen = true;
  engine.save();
};

/** The action `thawfilesystems` of a VM. */
export const thawVm = (engine: Engine, vm: Vm): void => {
  if (vm.status !== "up") throw conflict("Cannot thaw VM. VM is not running.");
  vm.frozen = false;
  engine.save();
};
