import type { MachineNic } from "../hypervisor/machines.ts";
import type { WorkerAt } from "./worker-deps.ts";

/**
 * Gives a VM that is down one NIC for each profile, in order. NICs that are right stay, with their addresses; from the first wrong
 * one on they are made anew. Without any profile the NICs stay as the template made them. Safe to repeat.
 */
export const setNics = async (
  { hypervisor }: Pick<WorkerAt, "hypervisor">,
  { vmId, vnicProfileIds }: { readonly vmId: string; readonly vnicProfileIds: readonly string[] },
  signal: AbortSignal,
): Promise<void> => {
  if (vnicProfileIds.length === 0) return;
  const nics = await hypervisor.listNics(vmId, signal);
  const right = countRight(nics, vnicProfileIds);
  for (const { id } of nics.slice(right)) await hypervisor.removeNic({ vmId, nicId: id }, signal);
  const taken = new Set(nics.slice(0, right).map(({ name }) => name));
  for (const vnicProfileId of vnicProfileIds.slice(right)) {
    const name = freeName(taken);
    taken.add(name);
    const wanted = { vmId, name, interface: "virtio", mac: undefined, linked: true, plugged: true };
    await hypervisor.addNic({ ...wanted, vnicProfileId }, signal);
  }
};

const countRight = (nics: readonly MachineNic[], vnicProfileIds: readonly string[]): number => {
  const wrong = nics.findIndex((nic, index) => nic.vnicProfileId !== vnicProfileIds[index]);
  return wrong === -1 ? nics.length : wrong;
};

/** `nic1`, `nic2` … as engines name them, after those that stay. */
const freeName = (taken: ReadonlySet<string>): string => {
  for (let number = taken.size + 1; ; number += 1) if (!taken.has(`nic${number}`)) return `nic${number}`;
};
