import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import type { Disk } from "../hypervisor/inventory.ts";
import type { Transfer, TransferPhase } from "../hypervisor/transfers.ts";

/** The disks and uploads of an engine in memory. */
export interface DiskRoom {
  readonly operations: Partial<Hypervisor>;
  readonly disks: Map<string, Disk>;
  readonly transfers: Map<string, Transfer>;
}

/** Opens it; a cancelled upload takes its disk along, as on engines. */
export const openDiskRoom = (calls: string[]): DiskRoom => {
  const disks = new Map<string, Disk>();
  const transfers = new Map<string, Transfer>();
  const end = (id: string, phase: TransferPhase): void => {
    const transfer = transfers.get(id);
    if (transfer === undefined || transfer.phase !== "open") return;
    transfers.set(id, { ...transfer, phase, enginePhase: phase });
    if (phase === "cancelled") disks.delete(transfer.diskId ?? "");
  };
  return { disks, transfers, operations: { ...diskCalls(disks, calls), ...transferCalls(transfers, end) } };
};

const diskCalls = (disks: Map<string, Disk>, calls: string[]): Partial<Hypervisor> => ({
  getDisk: (diskId) => Promise.resolve(disks.get(diskId)),
  createDisk: (request) => {
    calls.push(`disk ${request.sizeBytes}`);
    const disk: Disk = {
      ...request,
      id: request.diskId,
      actualBytes: 0,
      storageType: "image",
      contentType: "data",
      status: "ok",
      shareable: false,
      storageDomainIds: [request.storageDomainId],
    };
    disks.set(request.diskId, disk);
    return Promise.resolve(disk);
  },
  describeDisk: ({ diskId, description }) => {
    const disk = disks.get(diskId);
    if (disk !== undefined) disks.set(diskId, { ...disk, description });
    return Promise.resolve();
  },
  removeDisk: (diskId) => {
    calls.push("remove disk");
    disks.delete(diskId);
    return Promise.resolve();
  },
});

const transferCalls = (
  transfers: Map<string, Transfer>,
  end: (id: string, phase: TransferPhase) => void,
): Partial<Hypervisor> => ({
  openTransfer: ({ diskId, direction }) => {
    const id = `x${transfers.size}`;
    const urls = { transferUrl: `https://host/images/${id}`, proxyUrl: `https://engine/images/${id}` };
    const transfer: Transfer = { id, phase: "open", enginePhase: "open", direction, diskId, hostId: "h", ...urls };
    transfers.set(id, transfer);
    return Promise.resolve(transfer);
  },
  getTransfer: (id) => Promise.resolve(transfers.get(id)),
  listTransfers: () => Promise.resolve([...transfers.values()]),
  finalizeTransfer: async (id) => end(id, "succeeded"),
  cancelTransfer: async (id) => end(id, "cancelled"),
});
