import { type Actor, type Engine, pause } from "../engine/engine.ts";
import { conflict } from "../engine/engine-fault.ts";
import { eventCodes, noteEvent } from "../events/event-log.ts";
import type { Host } from "../model/inventory.ts";
import type { Vm, VmStatus } from "../model/vm.ts";
import type { VmDisk } from "../storage/block-layer.ts";
import { checkDisksUnlocked, checkNoBackup, checkNoSnapshotWork } from "./vm-rules.ts";

/** The disks that are plugged, as the block layer wants them. */
export const pluggedDisks = (engine: Engine, vm: Vm): readonly VmDisk[] =>
  vm.attachments.flatMap((attachment) => {
    const disk = engine.world.disks.get(attachment.diskId);
    return attachment.active && disk !== undefined && !disk.busy ? [{ diskId: disk.id, volumeId: disk.imageId }] : [];
  });

/** A host of the VM's cluster that can run it, the wanted one first. */
const hostFor = (engine: Engine, vm: Vm, wanted?: string): Host | undefined => {
  const usable = [...engine.world.hosts.values()].filter(
    (host) => host.clusterId === vm.clusterId && host.status === "up",
  );
  return usable.find((host) => host.id === wanted || host.name === wanted) ?? usable[0];
};

const move = async (engine: Engine, vm: Vm, status: VmStatus): Promise<void> => {
  vm.status = status;
  engine.save();
  await pause(engine, "vmMs");
};

/** Marks the VM as down: nothing runs. */
export const markDown = (engine: Engine, actor: Actor, vm: Vm, reason: string): void => {
  vm.status = "down";
  delete vm.hostId;
  vm.stoppedMs = engine.clock.nowMs();
  vm.stopReason = reason;
  noteEvent(engine, actor, {
    code: eventCodes.vmDown,
    description: `VM ${vm.name} is down. ${reason}`.trim(),
    vmId: vm.id,
  });
  engine.save();
};

/** Starts the VM's QEMU process and shows it as running on a host. */
export const launch = async (engine: Engine, actor: Actor, vm: Vm): Promise<void> => {
  try {
    await move(engine, vm, "powering_up");
    await engine.storage.startVm(vm.id, pluggedDisks(engine, vm));
    vm.status = "up";
    vm.startedMs = engine.clock.nowMs();
    noteEvent(engine, actor, { code: eventCodes.vmStarted, description: `VM ${vm.name} started`, vmId: vm.id });
    engine.save();
  } catch (caught) {
    markDown(engine, actor, vm, `Exit message: ${caught instanceof Error ? caught.message : String(caught)}`);
    throw caught;
  }
};

/** Takes a start: checks, a host, then up in the background. */
export const startVm = (engine: Engine, actor: Actor, vm: Vm, wantedHost?: string): void => {
  const action = "Cannot run VM";
  checkNoBackup(engine, vm, action, "strict");
  if (vm.status !== "down") throw conflict(`${action}. VM is running.`);
  checkDisksUnlocked(engine, vm, action);
  checkNoSnapshotWork(vm, action);
  const host = hostFor(engine, vm, wantedHost);
  if (host === undefined) throw conflict(`${action}. There is no host that satisfies current scheduling constraints.`);
  vm.hostId = host.id;
  vm.status = "wait_for_launch";
  engine.save();
  engine.background.run("start vm", async () => {
    await pause(engine, "vmMs");
    await launch(engine, actor, vm);
  });
};

/** How a VM is to go down. */
export interface StopRequest {
  readonly kind: "stop" | "shutdown";
  readonly force: boolean;
  readonly reason: string;
}

/** Takes a stop or shutdown: down in the background. Against a live backup it needs `force`. */
export const stopVm = (engine: Engine, actor: Actor, vm: Vm, request: StopRequest): void => {
  const action = request.kind === "stop" ? "Cannot stop VM" : "Cannot shutdown VM";
  if (vm.status === "down") throw conflict(`${action}. VM is not running.`);
  if (vm.status !== "up" && vm.status !== "paused") throw conflict(`${action}. VM is locked.`);
  if (!request.force) checkNoBackup(engine, vm, action, "strict");
  vm.status = "powering_down";
  engine.save();
  engine.background.run("stop vm", async () => {
    await pause(engine, "vmMs");
    await engine.storage.stopVm(vm.id);
    markDown(engine, actor, vm, request.reason);
  });
};

/** The host's power is cut: QEMU dies at once, and what it tracked is lost. */
export const crashVm = async (engine: Engine, actor: Actor, vm: Vm): Promise<void> => {
  await engine.storage.killVm(vm.id);
  markDown(engine, actor, vm, "Exit message: Lost connection with qemu process.");
};
