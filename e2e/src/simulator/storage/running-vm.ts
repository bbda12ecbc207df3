import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { NbdAddress } from "@holdfast/shared/nbd/nbd-address";
import { rm } from "node:fs/promises";
import type { VmDisk } from "./block-layer.ts";
import { type StorageDaemon, startStorageDaemon } from "./storage-daemon.ts";
import type { VolumeStore } from "./volume-store.ts";

interface Plugged {
  volumeId: string;
  readonly exportId: string;
}

/** Starts the process of a VM with its disks. */
export const startRunningVm = async (
  store: VolumeStore,
  socketPath: string,
  disks: readonly VmDisk[],
): Promise<RunningVm> => {
  const vm = new RunningVm(store, await startStorageDaemon(socketPath));
  try {
    for (const disk of disks) await vm.plug(disk);
    return vm;
  } catch (caught) {
    await vm.end("SIGKILL");
    throw caught;
  }
};

/** A VM that is up: its QEMU process, and which volume each disk writes to now. */
export class RunningVm {
  readonly daemon: StorageDaemon;
  readonly #store: VolumeStore;
  readonly #disks = new Map<string, Plugged>();

  constructor(store: VolumeStore, daemon: StorageDaemon) {
    this.#store = store;
    this.daemon = daemon;
  }

  async plug(disk: VmDisk): Promise<void> {
    if (this.#disks.has(disk.diskId))
      throw new HoldfastError("ALREADY_EXISTS", `the disk ${disk.diskId} is plugged already`);
    await this.daemon.open(await this.#store.chain(disk.volumeId));
    await this.#export(disk);
  }

  async unplug(diskId: string): Promise<void> {
    const { volumeId, exportId } = this.#get(diskId);
    await this.daemon.removeExport(exportId);
    this.#disks.delete(diskId);
    await this.daemon.close(volumeId);
  }

  /** Grows a volume that a disk writes to. QEMU grows no node under an NBD export: the guest's connections are cut. */
  async grow(volumeId: string, sizeBytes: number): Promise<void> {
    const entry = [...this.#disks].find(([, disk]) => disk.volumeId === volumeId);
    if (!entry) throw new HoldfastError("NOT_FOUND", `no disk of the VM writes to volume ${volumeId}`);
    const [diskId, { exportId }] = entry;
    await this.daemon.removeExport(exportId);
    try {
      await this.daemon.execute("block_resize", { "node-name": this.daemon.get(volumeId).name, size: sizeBytes });
    } finally {
      await this.#export({ diskId, volumeId });
    }
  }

  /** Where the guest reads and writes the disk. */
  address(diskId: string): NbdAddress {
    this.#get(diskId);
    return { socketPath: this.daemon.socketPath, exportName: exportName(diskId) };
  }

  /** True when a disk of the VM writes to the volume. */
  writesTo(volumeId: string): boolean {
    return [...this.#disks.values()].some((disk) => disk.volumeId === volumeId);
  }

  /** Notes that the disk which wrote to one volume writes to another now. */
  moved(fromId: string, toId: string): void {
    for (const disk of this.#disks.values()) if (disk.volumeId === fromId) disk.volumeId = toId;
  }

  /** Ends the process: in order, or by a signal. */
  async end(signal?: NodeJS.Signals): Promise<void> {
    if (signal) await this.daemon.child.end(signal);
    await this.daemon[Symbol.asyncDispose]();
    await rm(this.daemon.socketPath, { force: true });
  }

  async #export({ diskId, volumeId }: VmDisk): Promise<void> {
    const exportId = this.daemon.newName("e");
    const node = this.daemon.get(volumeId).name;
    const options = { type: "nbd", id: exportId, "node-name": node, name: exportName(diskId), writable: true };
    await this.daemon.execute("block-export-add", options);
    this.#disks.set(diskId, { volumeId, exportId });
  }

  #get(diskId: string): Plugged {
    const disk = this.#disks.get(diskId);
    if (!disk) throw new HoldfastError("NOT_FOUND", `the disk ${diskId} is not plugged into the VM`);
    return disk;
  }
}

const exportName = (diskId: string): string => `guest-${diskId}`;
