import type { Lab } from "./lab.ts";
import type { StagedVm } from "./stage.ts";
import { until } from "./until.ts";

/** Every request to imageio waits first, so that a transfer lasts until `clearFaults`, and no longer. */
export const slowReads = async (lab: Lab, delayMs = 1_000): Promise<void> => {
  await lab.control.armImageioFault({ fault: { kind: "delay", ms: delayMs } });
};

/** Waits until part of the VM's first disk was served since the counters were reset, as its session did at its start. */
export const untilTransferring = async (lab: Lab, vm: StagedVm): Promise<void> => {
  await until(`disk of ${vm.name} to be read`, async () => {
    const { tickets } = await lab.control.counters();
    return tickets.some(({ diskId, bytesRead }) => diskId === vm.disks[0]?.id && bytesRead > 0);
  });
};
