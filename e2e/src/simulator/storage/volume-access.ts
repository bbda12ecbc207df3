import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { mergeVolume } from "./merge-volume.ts";
import { addOverlays, type Freezing } from "./overlays.ts";
import type { RunningVm } from "./running-vm.ts";
import { type StorageDaemon, startStorageDaemon } from "./storage-daemon.ts";
import type { VolumeStore } from "./volume-store.ts";

/**
 * Reaches volumes through QEMU wherever they are: in the process of the VM that runs on them, or else in one that lives for
 * the time of the work. So a thing is done the same way whether the VM is up or down.
 */
export class VolumeAccess {
  readonly store: VolumeStore;
  readonly vms = new Map<string, RunningVm>();
  readonly #runDir: string;
  #sockets = 0;

  constructor(store: VolumeStore, runDir: string) {
    this.store = store;
    this.#runDir = runDir;
  }

  /** A path for a socket that nobody has. */
  newSocket(): string {
    this.#sockets += 1;
    return join(this.#runDir, `${this.#sockets}.sock`);
  }

  /** Drops a VM whose process ended, unless another took its place. */
  forget(vmId: string, vm: RunningVm): void {
    if (this.vms.get(vmId) === vm) this.vms.delete(vmId);
  }

  /** The running VM that writes to the volume. */
  writerOf(volumeId: string): RunningVm | undefined {
    return [...this.vms.values()].find((vm) => vm.writesTo(volumeId));
  }

  /** Does work in a process that has the volumes (all active ones, of one VM) open for writing. */
  async with<T>(volumeIds: readonly string[], work: (daemon: StorageDaemon) => Promise<T>): Promise<T> {
    const writers = new Set(volumeIds.map((volumeId) => this.writerOf(volumeId)));
    const [writer, ...others] = writers;
    if (others.length > 0) throw new HoldfastError("INVALID_ARGUMENT", "the volumes are not those of one VM");
    return writer ? work(writer.daemon) : this.#alone(volumeIds, work);
  }

  /** Puts overlays on active volumes of one VM. */
  async freeze(freezings: readonly Freezing[]): Promise<void> {
    const volumeIds = freezings.map(({ volumeId }) => volumeId);
    const vm = volumeIds.map((volumeId) => this.writerOf(volumeId)).find((writer) => writer);
    await this.with(volumeIds, (daemon) => addOverlays(daemon, this.store, freezings));
    for (const { volumeId, overlayId } of freezings) vm?.moved(volumeId, overlayId);
  }

  /** Merges a volume into the one below it and removes its file. */
  async merge(volumeId: string): Promise<void> {
    const { backingId } = await this.store.inspect(volumeId);
    if (backingId === undefined) throw new HoldfastError("FAILED_PRECONDITION", `nothing backs the volume ${volumeId}`);
    const above = await this.store.children(backingId);
    if (above.length > 1) throw new HoldfastError("FAILED_PRECONDITION", `other volumes stand on ${backingId} too`);
    const leafId = await this.#leafOver(volumeId);
    await this.with([leafId], (daemon) => mergeVolume(daemon, daemon.get(volumeId), daemon.get(leafId)));
    this.writerOf(volumeId)?.moved(volumeId, backingId);
    await this.store.remove(volumeId);
  }

  async #leafOver(volumeId: string): Promise<string> {
    const [above, ...others] = await this.store.children(volumeId);
    if (others.length > 0) throw new HoldfastError("FAILED_PRECONDITION", `several volumes stand on ${volumeId}`);
    return above === undefined ? volumeId : this.#leafOver(above);
  }

  async #alone<T>(volumeIds: readonly string[], work: (daemon: StorageDaemon) => Promise<T>): Promise<T> {
    const socketPath = this.newSocket();
    try {
      await using daemon = await startStorageDaemon(socketPath);
      for (const volumeId of volumeIds) await daemon.open(await this.store.chain(volumeId));
      return await work(daemon);
    } finally {
      await rm(socketPath, { force: true });
    }
  }
}
