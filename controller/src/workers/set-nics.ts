import type { WorkerAt } from "./worker-deps.ts";

/**
 * Gives a VM that is down one NIC for each profile, in order: those that it has are connected to them, missing ones are added,
 * further ones removed. Without any profile its NICs stay as the template made them. Safe to repeat.
 */
export const setNics = async (
  { hypervisor }: Pick<WorkerAt, "hypervisor">,
  { vmId, vnicProfileIds }: { readonly vmId: string; readonly vnicProfileIds: readonly string[] },
  signal: AbortSignal,
): Promise<void> => {
  if (vnicProfileIds.length === 0) return;
  const nics = await hypervisor.listNics(vmId, signal);
  for (const [index, vnicProfileId] of vnicProfileIds.entries()) {
    const nic = nics[index];
    if (nic === undefined) {
      const wanted = {
        vmId,
        name: freeName(nics, index),
        interface: "virtio",
        mac: undefined,
        linked: true,
        plugged: true,
      };
      await hypervisor.addNic({ ...wanted, vnicProfileId }, signal);
    } else if (nic.vnicProfileId !== vnicProfileId) {
      await hypervisor.connectNic({ vmId, nicId: nic.id, vnicProfileId }, signal);
    }
  }
  for (const { id } of nics.slice(vnicProfileIds.length)) await hypervisor.removeNic({ vmId, nicId: id }, signal);
};

/** `nic1`, `nic2` … as engines name them, past names that a template took in another order. */
const freeName = (nics: readonly { readonly name: string }[], index: number): string => {
  const taken = new Set(nics.map(({ name }) => name));
  for (let number = index + 1; ; number += 1) if (!taken.has(`nic${number}`)) return `nic${number}`;
};
