import { type Engine, labActor } from "../engine/engine.ts";
import type { Host } from "../model/inventory.ts";
import type { Vm, VmStatus } from "../model/vm.ts";
import type { Transfers } from "../transfers/transfers.ts";
import { showStatus } from "../vms/show-status.ts";
import { crashVm } from "../vms/stop-vm.ts";

const onHost = (engine: Engine, host: Host): readonly Vm[] =>
  [...engine.world.vms.values()].filter((vm) => vm.hostId === host.id);

const forget: readonly VmStatus[] = ["up", "paused", "powering_up", "not_responding"];

/** The engine no longer hears of the host: what it knows of its VMs and transfers is over. */
const loseHost = async (engine: Engine, transfers: Transfers, host: Host): Promise<void> => {
  for (const vm of onHost(engine, host)) if (forget.includes(vm.status)) showStatus(engine, vm, "unknown");
  await transfers.loseHost(host.id);
};

/**
 * Puts a host into a status. One that does not respond takes its transfers along, its imageio is not reached, and its VMs are
 * `unknown` until it is up again; one that went down, and with it its VMs, comes back without them.
 */
export const changeHost = async (
  engine: Engine,
  transfers: Transfers,
  host: Host,
  status: Host["status"],
): Promise<void> => {
  host.status = status;
  if (status === "non_responsive") await loseHost(engine, transfers, host);
  if (status === "down") {
    await transfers.loseHost(host.id);
    for (const vm of onHost(engine, host)) await crashVm(engine, labActor, vm);
  }
  if (status === "up") {
    for (const vm of onHost(engine, host))
      if (vm.status === "unknown") showStatus(engine, vm, vm.pausedBy === undefined ? "up" : "paused");
  }
  engine.save();
};
