import { openNbd } from "@holdfast/shared/nbd/connection";
import { walkExtents } from "@holdfast/shared/nbd/extents";
import type { NbdAddress } from "@holdfast/shared/nbd/nbd-address";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BlockFaultPoint, BlockLayer, VolumeExport } from "./block-layer.ts";
import { livingChildren } from "./child.ts";
import { openBlockLayer } from "./qemu-block-layer.ts";

export const MiB = 1024 * 1024;
export const KiB = 1024;

/** A block layer in a folder of its own, with the VM `vm` and its disk `d` on volume `v1`. */
export class CaptureBench implements AsyncDisposable {
  readonly dir: string;
  /** Steps that fail from now on. */
  readonly broken = new Set<BlockFaultPoint>();
  #layer: BlockLayer | undefined;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async open(): Promise<CaptureBench> {
    const bench = new CaptureBench(await mkdtemp(join(tmpdir(), "hf-bl-")));
    await bench.#open();
    return bench;
  }

  get layer(): BlockLayer {
    if (this.#layer === undefined) throw new Error("the block layer is closed");
    return this.#layer;
  }

  /** Ends the layer and opens another on the same folder. */
  async restart(): Promise<void> {
    await this.layer[Symbol.asyncDispose]();
    await this.#open();
  }

  async #open(): Promise<void> {
    this.#layer = await openBlockLayer({
      stateDir: join(this.dir, "state"),
      runDir: join(this.dir, "run"),
      faults: (point) => (this.broken.has(point) ? new Error("wanted by the test") : undefined),
    });
  }

  newDisk(id: string, format: "cow" | "raw" = "cow", sizeBytes = 8 * MiB): Promise<unknown> {
    return this.layer.createVolume({ id, format, origin: { kind: "empty", sizeBytes } });
  }

  /** Writes as the guest does. */
  guest(offset: number, byte: number, length?: number): Promise<void> {
    return write(this.layer.guestAddress("vm", "d"), offset, byte, length);
  }

  /** Numbers of the 64 KiB blocks that a capture calls changed. */
  async changesOf(captureId: string): Promise<number[]> {
    await using source = await this.layer.openCaptureExport(captureId, "d");
    return await dirtyBlocks(source);
  }

  /** Starts a capture; its checkpoint is `c` and its id. */
  start(kind: "live" | "hybrid" | "cold", id: string, since?: string[], tracked = true): Promise<unknown> {
    const disk = {
      diskId: "d",
      volumeId: "v1",
      ...(since ? { since } : {}),
      ...(tracked ? { newCheckpointId: `c${id}` } : {}),
    };
    if (kind === "live") return this.layer.startCapture({ kind, id, vmId: "vm", disks: [disk] });
    if (kind === "cold") return this.layer.startCapture({ kind, id, disks: [disk] });
    return this.layer.startCapture({ kind, id, disks: [{ ...disk, overlayId: `v1-${id}` }] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.layer[Symbol.asyncDispose]();
    if (livingChildren().length > 0) throw new Error("the layer left children behind");
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** Fills a stretch of a disk with one byte. */
export const write = async (address: NbdAddress, offset: number, byte: number, length = 64 * KiB): Promise<void> => {
  await using disk = await openNbd(address);
  await disk.write(Buffer.alloc(length, byte), offset, { fua: true });
};

/** Byte at the start of each 64 KiB block in question. */
export const peek = async (address: NbdAddress, ...offsets: number[]): Promise<number[]> => {
  await using disk = await openNbd(address);
  const bytes: number[] = [];
  for (const offset of offsets) {
    const target = Buffer.alloc(1);
    await disk.read(target, offset);
    bytes.push(target[0] ?? -1);
  }
  return bytes;
};

/** Numbers of the dirty 64 KiB blocks. */
export const dirtyBlocks = async (source: VolumeExport): Promise<number[]> => {
  const context = `qemu:dirty-bitmap:${source.bitmap ?? ""}`;
  await using disk = await openNbd(source.address, {
    contexts: (offered) => offered.filter((name) => name === context),
  });
  const blocks: number[] = [];
  for await (const { offset, length, flags } of walkExtents(disk, [context], { offset: 0, length: disk.sizeBytes })) {
    for (let at = offset; flags[0] === 1 && at < offset + length; at += 64 * KiB) blocks.push(at / (64 * KiB));
  }
  return blocks;
};
