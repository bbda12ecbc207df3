import { type Actor, type Engine, pause } from "../engine/engine.ts";
import { eventCodes, noteEvent } from "../events/event-log.ts";
import { bootGuest } from "../guest/boot-guest.ts";
import type { Initialization } from "../model/initialization.ts";
import type { Vm } from "../model/vm.ts";
import type { VmDisk } from "../storage/block-layer.ts";
import { showStatus } from "./show-status.ts";

/** The disks that are plugged, as the block layer wants them. */
export const pluggedDisks = (engine: Engine, vm: Vm): readonly VmDisk[] =>
  vm.attachments.flatMap((attachment) => {
    const disk = engine.world.disks.get(attachment.diskId);
    return attachment.active && disk !== undefined && !disk.busy ? [{ diskId: disk.id, volumeId: disk.imageId }] : [];
  });

/** Marks the VM as down: nothing runs. */
export const markDown = (engine: Engine, actor: Actor, vm: Vm, reason: string): void => {
  delete vm.hostId;
  delete vm.runOnce;
  delete vm.addresses;
  vm.stoppedMs = engine.clock.nowMs();
  vm.stopReason = reason;
  noteEvent(engine, actor, {
    code: eventCodes.vmDown,
    description: `VM ${vm.name} is down. ${reason}`.trim(),
    vmId: vm.id,
  });
  showStatus(engine, vm, "down");
};

/** Boots the guest; a program that cannot be started is an image that does not boot. */
const boot = async (engine: Engine, vm: Vm, told: Initialization | undefined): Promise<boolean> => {
  try {
    return await bootGuest(engine, vm, told);
  } catch (caught) {
    engine.log.error("a guest could not be booted", { err: caught, vm: vm.id });
    return false;
  }
};

/** How a VM is launched. */
export interface Launch {
  readonly initialization?: Initialization | undefined;
  /** Aborts it; whoever does takes the VM over as it is then. Without one nothing is waited for. */
  readonly signal?: AbortSignal;
}

/** Boots the guest of a VM whose QEMU process runs, and shows it as up when its agent reports or the time for that is over. */
export const bootUp = async (engine: Engine, vm: Vm, { initialization, signal }: Launch): Promise<void> => {
  const reports = await boot(engine, vm, initialization);
  if (!reports && signal !== undefined) await pause(engine, "bootTimeoutMs", signal);
  signal?.throwIfAborted();
  showStatus(engine, vm, "up");
};

/** Starts the VM's QEMU process and its guest, and shows it as running on a host. */
export const launch = async (engine: Engine, actor: Actor, vm: Vm, how: Launch): Promise<void> => {
  try {
    showStatus(engine, vm, "powering_up");
    await pause(engine, "vmMs", how.signal);
    vm.frozen = false;
    await engine.storage.startVm(vm.id, pluggedDisks(engine, vm));
    vm.startedMs = engine.clock.nowMs();
    await bootUp(engine, vm, how);
    noteEvent(engine, actor, { code: eventCodes.vmStarted, description: `VM ${vm.name} started`, vmId: vm.id });
    engine.save();
  } catch (caught) {
    if (how.signal?.aborted !== true) {
      markDown(engine, actor, vm, `Exit message: ${caught instanceof Error ? caught.message : String(caught)}`);
    }
    throw caught;
  }
};
