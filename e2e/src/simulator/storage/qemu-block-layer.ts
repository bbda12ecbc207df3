import { type Clock, systemClock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type NbdAddress, toNbdUri } from "@holdfast/shared/nbd/nbd-address";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type {
  BitmapDamage,
  BitmapFacts,
  BlockFaultPoint,
  BlockFaults,
  BlockFaultSubject,
  BlockLayer,
  BlockLayerOptions,
  Capture,
  CaptureEnd,
  CaptureSpec,
  ColdCaptureSpec,
  ExportAccess,
  HybridCaptureSpec,
  LiveCaptureSpec,
  OverlaySpec,
  VmDisk,
  VolumeExport,
  VolumeFacts,
  VolumeSpec,
} from "./block-layer.ts";
import { checkpointsOf, clearBitmap, dropCheckpoint, removeBitmap } from "./bitmap-actions.ts";
import { runTool } from "./child.ts";
import { startLiveCapture } from "./live-capture.ts";
import type { CaptureView, OpenCapture } from "./open-capture.ts";
import { startQemuNbd } from "./qemu-nbd.ts";
import { type RunningVm, startRunningVm } from "./running-vm.ts";
import { Serial } from "./serial.ts";
import { resumeFrozenCapture, startColdCapture, startHybridCapture } from "./start-frozen-capture.ts";
import { VolumeAccess } from "./volume-access.ts";
import { captureBitmapPrefix, VolumeStore } from "./volume-store.ts";

/** Opens the block layer on its folders. Volumes stay from one run to the next; VMs do not run yet. */
export const openBlockLayer = async (options: BlockLayerOptions): Promise<BlockLayer> => {
  const store = new VolumeStore(join(options.stateDir, "volumes"));
  await store.open();
  await mkdir(options.runDir, { recursive: true });
  for (const name of await readdir(options.runDir)) await rm(join(options.runDir, name), { force: true });
  return new QemuBlockLayer(store, options);
};

class QemuBlockLayer implements BlockLayer {
  readonly #store: VolumeStore;
  readonly #access: VolumeAccess;
  readonly #serial = new Serial();
  readonly #captures = new Map<string, OpenCapture>();
  /** Open exports, with the capture that each is of. */
  readonly #exports = new Map<VolumeExport, string | undefined>();
  readonly #runDir: string;
  readonly #clock: Clock;
  readonly #faults: BlockFaults;

  constructor(store: VolumeStore, options: BlockLayerOptions) {
    this.#store = store;
    this.#access = new VolumeAccess(store, options.runDir);
    this.#runDir = options.runDir;
    this.#clock = options.clock ?? systemClock;
    this.#faults = options.faults ?? (() => undefined);
  }

  async createVolume(spec: VolumeSpec): Promise<VolumeFacts> {
    await this.#store.create(spec);
    return this.#store.inspect(spec.id);
  }

  removeVolume(volumeId: string): Promise<void> {
    return this.#serial.run(async () => {
      if (this.#access.writerOf(volumeId)) throw inUse(volumeId);
      await this.#store.remove(volumeId);
    });
  }

  growVolume(volumeId: string, sizeBytes: number): Promise<void> {
    return this.#serial.run(async () => {
      const vm = this.#access.writerOf(volumeId);
      await (vm ? vm.grow(volumeId, sizeBytes) : this.#store.grow(volumeId, sizeBytes));
    });
  }

  inspectVolume(volumeId: string): Promise<VolumeFacts> {
    return this.#store.inspect(volumeId);
  }

  listVolumes(): Promise<readonly string[]> {
    return this.#store.list();
  }

  startVm(vmId: string, disks: readonly VmDisk[]): Promise<void> {
    return this.#serial.run(async () => {
      if (this.isRunning(vmId)) return;
      const vm = await startRunningVm(this.#store, this.#access.newSocket(), disks);
      this.#access.vms.set(vmId, vm);
      void vm.daemon.child.exited.then(() => this.#access.forget(vmId, vm));
    });
  }

  stopVm(vmId: string): Promise<void> {
    return this.#serial.run(async () => this.#access.vms.get(vmId)?.end());
  }

  killVm(vmId: string): Promise<void> {
    return this.#serial.run(async () => this.#access.vms.get(vmId)?.end("SIGKILL"));
  }

  isRunning(vmId: string): boolean {
    return this.#access.vms.has(vmId);
  }

  plugDisk(vmId: string, disk: VmDisk): Promise<void> {
    return this.#serial.run(() => this.#vm(vmId).plug(disk));
  }

  unplugDisk(vmId: string, diskId: string): Promise<void> {
    return this.#serial.run(async () => {
      for (const { spec } of this.#captures.values()) {
        if (spec.kind === "live" && spec.disks.some((disk) => disk.diskId === diskId)) throw inUse(diskId);
      }
      await this.#vm(vmId).unplug(diskId);
    });
  }

  guestAddress(vmId: string, diskId: string): NbdAddress {
    return this.#vm(vmId).address(diskId);
  }

  snapshot(disks: readonly OverlaySpec[]): Promise<void> {
    return this.#serial.run(() => this.#access.freeze(disks));
  }

  merge(volumeId: string): Promise<void> {
    return this.#serial.run(async () => {
      this.#trip("merge", { volumeId });
      await this.#access.merge(volumeId);
    });
  }

  startCapture(spec: CaptureSpec): Promise<Capture> {
    return this.#serial.run(async () => {
      if (this.#captures.has(spec.id))
        throw new HoldfastError("ALREADY_EXISTS", `the capture ${spec.id} exists already`);
      this.#trip("capture-start", { captureId: spec.id });
      const capture = await this.#start(spec);
      this.#captures.set(spec.id, capture);
      return capture;
    });
  }

  resumeCapture(spec: ColdCaptureSpec | HybridCaptureSpec): Promise<Capture> {
    return this.#serial.run(async () => {
      const capture = await resumeFrozenCapture(spec, this.#frozenParts());
      this.#captures.set(spec.id, capture);
      return capture;
    });
  }

  findCapture(captureId: string): Capture | undefined {
    return this.#captures.get(captureId);
  }

  endCapture(captureId: string): Promise<readonly CaptureEnd[]> {
    return this.#serial.run(async () => {
      const capture = this.#capture(captureId);
      for (const [open, owner] of this.#exports) if (owner === captureId) await open[Symbol.asyncDispose]();
      const ends = await capture.end();
      this.#captures.delete(captureId);
      return ends;
    });
  }

  openCaptureExport(captureId: string, diskId: string): Promise<VolumeExport> {
    return this.#openCapture(captureId, diskId, "asked");
  }

  async copyCapture(captureId: string, diskId: string, path: string): Promise<void> {
    await using source = await this.#openCapture(captureId, diskId, "whole");
    await rm(path, { force: true });
    await runTool("nbdcopy", [toNbdUri(source.address), path]);
  }

  openVolumeExport(volumeId: string, access: ExportAccess): Promise<VolumeExport> {
    return this.#serial.run(async () => {
      const file = await this.#store.find(volumeId);
      const service = { file, socketPath: this.#access.newSocket(), writable: access.mode === "write" };
      const shallow = access.shallow === undefined ? {} : { shallow: access.shallow };
      return this.#track(await startQemuNbd({ ...service, ...shallow }, this.#clock), undefined);
    });
  }

  listCheckpoints(volumeId: string): Promise<readonly BitmapFacts[]> {
    return this.#serial.run(async () => {
      const daemon = this.#access.writerOf(volumeId)?.daemon;
      if (!daemon) {
        const stored = await this.#store.bitmaps(volumeId);
        return stored.filter(({ checkpointId }) => !checkpointId.startsWith(captureBitmapPrefix));
      }
      const { bitmaps } = await daemon.inspect(daemon.get(volumeId));
      return checkpointsOf(bitmaps).map(({ name, recording, sound }) => ({ checkpointId: name, recording, sound }));
    });
  }

  removeCheckpoint(volumeId: string, checkpointId: string, parentId?: string): Promise<void> {
    return this.#serial.run(() =>
      this.#access.with([volumeId], async (daemon) => {
        const node = daemon.get(volumeId);
        const { bitmaps } = await daemon.inspect(node);
        await daemon.transaction(dropCheckpoint(node, bitmaps, { checkpoint: checkpointId, parent: parentId }));
      }),
    );
  }

  spoilCheckpoint(volumeId: string, checkpointId: string, damage: BitmapDamage): Promise<void> {
    return this.#serial.run(() =>
      this.#access.with([volumeId], async (daemon) => {
        const bitmap = { node: daemon.get(volumeId), name: checkpointId };
        if (damage === "inconsistent") await daemon.child.end("SIGKILL");
        else await daemon.transaction([damage === "missing" ? removeBitmap(bitmap) : clearBitmap(bitmap)]);
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#serial.run(async () => {
      await Promise.all([...this.#exports.keys()].map((open) => open[Symbol.asyncDispose]()));
      await Promise.all([...this.#access.vms.values()].map((vm) => vm.end()));
    });
  }

  #start(spec: CaptureSpec): Promise<OpenCapture> {
    if (spec.kind === "live") return this.#startLive(spec);
    if (spec.kind === "cold") return startColdCapture(spec, this.#frozenParts());
    return startHybridCapture(spec, this.#frozenParts());
  }

  #startLive(spec: LiveCaptureSpec): Promise<OpenCapture> {
    for (const { diskId, since } of spec.disks) {
      if (since) this.#trip("bitmap-check", { captureId: spec.id, diskId });
    }
    return startLiveCapture(spec, { daemon: this.#vm(spec.vmId).daemon, runDir: this.#runDir });
  }

  #frozenParts(): { readonly access: VolumeAccess; readonly clock: Clock; readonly faults: BlockFaults } {
    return { access: this.#access, clock: this.#clock, faults: this.#faults };
  }

  #openCapture(captureId: string, diskId: string, view: CaptureView): Promise<VolumeExport> {
    return this.#serial.run(async () =>
      this.#track(await this.#capture(captureId).openExport(diskId, view), captureId),
    );
  }

  /** Keeps an export known until it is disposed of. */
  #track(opened: VolumeExport, captureId: string | undefined): VolumeExport {
    const tracked: VolumeExport = {
      ...opened,
      [Symbol.asyncDispose]: async () => {
        this.#exports.delete(tracked);
        await opened[Symbol.asyncDispose]();
      },
    };
    this.#exports.set(tracked, captureId);
    return tracked;
  }

  #vm(vmId: string): RunningVm {
    const vm = this.#access.vms.get(vmId);
    if (!vm) throw new HoldfastError("FAILED_PRECONDITION", `the VM ${vmId} does not run`);
    return vm;
  }

  #capture(captureId: string): OpenCapture {
    const capture = this.#captures.get(captureId);
    if (!capture) throw new HoldfastError("NOT_FOUND", `there is no capture ${captureId}`);
    return capture;
  }

  #trip(point: BlockFaultPoint, subject: BlockFaultSubject): void {
    const cause = this.#faults(point, subject);
    if (cause) throw new HoldfastError("CAPTURE_FAILED", `injected fault at ${point}: ${cause.message}`, { cause });
  }
}

const inUse = (id: string): HoldfastError => new HoldfastError("FAILED_PRECONDITION", `${id} is in use`);
