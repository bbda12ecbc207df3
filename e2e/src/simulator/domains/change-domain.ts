import type { Engine } from "../engine/engine.ts";
import { labActor } from "../engine/engine.ts";
import { conflict } from "../engine/engine-fault.ts";
import { eventCodes, noteEvent } from "../events/event-log.ts";
import type { StorageDomain } from "../model/inventory.ts";
import type { Vm } from "../model/vm.ts";
import { showStatus } from "../vms/show-status.ts";
import { spaceOf } from "./domain-space.ts";

/** What a lab does to a storage domain. */
export interface DomainChange {
  readonly status?: NonNullable<StorageDomain["status"]> | undefined;
  /** What is to be left of its space; null gives back what the lab took. */
  readonly availableBytes?: number | null | undefined;
}

/** VMs that have a plugged disk there, by status. */
const usersOf = (engine: Engine, domain: StorageDomain, status: Vm["status"]): readonly Vm[] =>
  [...engine.world.vms.values()].filter(
    (vm) =>
      vm.status === status &&
      vm.attachments.some(
        ({ diskId, active }) => active && engine.world.disks.get(diskId)?.storageDomainId === domain.id,
      ),
  );

const pauses = {
  enospc: { code: eventCodes.vmPausedNoSpace, words: "no Storage space" },
  eio: { code: eventCodes.vmPausedIo, words: "storage I/O problem" },
} as const;

/** The reason for which a guest cannot write there now. */
const troubleOf = (engine: Engine, domain: StorageDomain): keyof typeof pauses | undefined => {
  if (domain.status === "inactive") return "eio";
  return spaceOf(engine.world, domain).availableBytes === 0 ? "enospc" : undefined;
};

const pauseVm = (engine: Engine, vm: Vm, reason: keyof typeof pauses): void => {
  vm.pausedBy = reason;
  noteEvent(engine, labActor, {
    code: pauses[reason].code,
    severity: "error",
    description: `VM ${vm.name} has been paused due to ${pauses[reason].words}.`,
    vmId: vm.id,
  });
  showStatus(engine, vm, "paused");
  void engine.turns.run(vm.id, "pause vm", (signal) => engine.guestPrograms.freeze(vm.id, signal));
};

const unpauseVm = (engine: Engine, vm: Vm): void => {
  delete vm.pausedBy;
  void engine.turns.run(vm.id, "unpause vm", () => {
    engine.guestPrograms.thaw(vm.id);
    showStatus(engine, vm, "up");
    return Promise.resolve();
  });
};

/** Pauses the running VMs of a domain that fails them, and lets those go on that it no longer fails. */
const settleVms = (engine: Engine, domain: StorageDomain): void => {
  const trouble = troubleOf(engine, domain);
  if (trouble !== undefined) for (const vm of usersOf(engine, domain, "up")) pauseVm(engine, vm, trouble);
  else
    for (const vm of usersOf(engine, domain, "paused"))
      if (vm.pausedBy !== undefined && !isFailed(engine, vm)) unpauseVm(engine, vm);
};

/** Whether any storage domain that the VM writes to fails it. */
const isFailed = (engine: Engine, vm: Vm): boolean =>
  [...engine.world.storageDomains.values()].some(
    (domain) => troubleOf(engine, domain) !== undefined && usersOf(engine, domain, vm.status).includes(vm),
  );

/**
 * Puts a storage domain into a status, or fills it. Running guests are paused while their writes have no room or no storage.
 * Maintenance is refused while VMs run from it, as on the engine.
 */
export const changeDomain = (engine: Engine, domain: StorageDomain, change: DomainChange): void => {
  const { status, availableBytes } = change;
  if (status === "maintenance" && usersOf(engine, domain, "up").length > 0) {
    throw conflict("Cannot deactivate Storage Domain while there are running VMs on it.");
  }
  if (status !== undefined) domain.status = status;
  if (availableBytes === null) delete domain.foreignBytes;
  if (typeof availableBytes === "number") {
    const own = spaceOf(engine.world, { ...domain, foreignBytes: 0 }).usedBytes;
    domain.foreignBytes = Math.max(0, domain.sizeBytes - own - availableBytes);
  }
  settleVms(engine, domain);
  engine.save();
};
