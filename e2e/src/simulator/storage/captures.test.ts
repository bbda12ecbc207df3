import { openNbd } from "@holdfast/shared/nbd/connection";
import { walkExtents } from "@holdfast/shared/nbd/extents";
import type { NbdAddress } from "@holdfast/shared/nbd/nbd-address";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BlockFaultPoint, BlockLayer, VolumeExport } from "./block-layer.ts";
import { livingChildren } from "./child.ts";
import { openBlockLayer } from "./qemu-block-layer.ts";

const MiB = 1024 * 1024;
const KiB = 1024;

let dir: string;
let layer: BlockLayer;
let broken: Set<BlockFaultPoint>;
const open = (): Promise<BlockLayer> =>
  openBlockLayer({
    stateDir: join(dir, "state"),
    runDir: join(dir, "run"),
    faults: (point) => (broken.has(point) ? new Error("wanted by the test") : undefined),
  });

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hf-bl-"));
  broken = new Set();
  layer = await open();
});
afterEach(async () => {
  await layer[Symbol.asyncDispose]();
  if (livingChildren().length > 0) throw new Error("the layer left children behind");
  await rm(dir, { recursive: true, force: true });
});

const newDisk = (id: string, format: "cow" | "raw" = "cow", sizeBytes = 8 * MiB): Promise<unknown> =>
  layer.createVolume({ id, format, origin: { kind: "empty", sizeBytes } });

const write = async (address: NbdAddress, offset: number, byte: number, length = 64 * KiB): Promise<void> => {
  await using disk = await openNbd(address);
  await disk.write(Buffer.alloc(length, byte), offset, { fua: true });
};

const guest = (offset: number, byte: number, length?: number): Promise<void> =>
  write(layer.guestAddress("vm", "d"), offset, byte, length);

/** Byte at the start of each 64 KiB block in question. */
const peek = async (address: NbdAddress, ...offsets: number[]): Promise<number[]> => {
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
const dirtyBlocks = async (source: VolumeExport): Promise<number[]> => {
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

const changesOf = async (captureId: string): Promise<number[]> => {
  await using source = await layer.openCaptureExport(captureId, "d");
  return await dirtyBlocks(source);
};

const start = (kind: "live" | "hybrid" | "cold", id: string, since?: string[], tracked = true): Promise<unknown> => {
  const disk = {
    diskId: "d",
    volumeId: "v1",
    ...(since ? { since } : {}),
    ...(tracked ? { newCheckpointId: `c${id}` } : {}),
  };
  if (kind === "live") return layer.startCapture({ kind, id, vmId: "vm", disks: [disk] });
  if (kind === "cold") return layer.startCapture({ kind, id, disks: [disk] });
  return layer.startCapture({ kind, id, disks: [{ ...disk, overlayId: `v1-${id}` }] });
};

describe.each(["live", "hybrid"] as const)("a %s capture of a running VM", (kind) => {
  it("shows its moment, while the guest writes on, and increments tell exactly what changed since", async () => {
    await newDisk("v1");
    await layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await guest(0, 1);
    await start(kind, "1");
    await guest(0, 2);
    await guest(3 * 64 * KiB, 2);
    {
      await using source = await layer.openCaptureExport("1", "d");
      expect(source.bitmap).toBeUndefined();
      expect(await peek(source.address, 0, 3 * 64 * KiB)).toEqual([1, 0]);
    }
    expect(await layer.endCapture("1")).toEqual([{ diskId: "d", state: "clean" }]);
    await guest(5 * 64 * KiB, 3);
    await start(kind, "2", ["c1"]);
    await guest(7 * 64 * KiB, 4);
    expect(await changesOf("2")).toEqual([0, 3, 5]);
    await layer.endCapture("2");
    await start(kind, "3", ["c1", "c2"]);
    expect(await changesOf("3")).toEqual([0, 3, 5, 7]);
    await layer.endCapture("3");
    expect(await peek(layer.guestAddress("vm", "d"), 0, 3 * 64 * KiB, 7 * 64 * KiB)).toEqual([2, 2, 4]);
    expect(await layer.listVolumes()).toEqual(["v1"]);
  });

  it("keeps checkpoints over a stop and a start, and over growth", async () => {
    await newDisk("v1");
    await layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await start(kind, "1");
    await layer.endCapture("1");
    await guest(2 * 64 * KiB, 1);
    await layer.stopVm("vm");
    await layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await layer.growVolume("v1", 12 * MiB + 512);
    await guest(10 * MiB, 1);
    await start(kind, "2", ["c1"]);
    {
      await using source = await layer.openCaptureExport("2", "d");
      expect(source.sizeBytes).toBe(12 * MiB + 512);
      expect(await dirtyBlocks(source)).toEqual([2, 160]);
    }
    await layer.endCapture("2");
    expect(await layer.listCheckpoints("v1")).toEqual(
      expect.arrayContaining([
        { checkpointId: "c1", recording: false, sound: true },
        { checkpointId: "c2", recording: true, sound: true },
      ]),
    );
  });

  it("reads a raw disk in full", async () => {
    await newDisk("v1", "raw", 4 * MiB + 512);
    await layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await guest(MiB, 1, 512);
    await start(kind, "1", undefined, false);
    await guest(MiB, 2);
    await layer.copyCapture("1", "d", join(dir, "reference"));
    await layer.endCapture("1");
    const reference = await readFile(join(dir, "reference"));
    expect([reference.length, reference[MiB], reference[MiB + 512]]).toEqual([4 * MiB + 512, 1, 0]);
    expect(await peek(layer.guestAddress("vm", "d"), MiB)).toEqual([2]);
    expect((await layer.inspectVolume("v1")).sizeBytes).toBe(4 * MiB + 512);
  });

  it("can be made to fail at its start, leaving everything as it was", async () => {
    await newDisk("v1");
    await layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    broken.add("capture-start");
    await expect(start(kind, "1")).rejects.toMatchObject({ code: "CAPTURE_FAILED" });
    expect(await layer.listCheckpoints("v1")).toEqual([]);
    expect(await layer.listVolumes()).toEqual(["v1"]);
    expect(layer.findCapture("1")).toBeUndefined();
  });
});

describe("a live capture", () => {
  it("does not start without a sound bitmap", async () => {
    await newDisk("v1");
    await layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await expect(start("live", "1", ["gone"])).rejects.toMatchObject({ code: "CAPTURE_FAILED" });
    await start("live", "2");
    await layer.endCapture("2");
    await layer.stopVm("vm");
    await layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await layer.killVm("vm");
    await layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await expect(start("live", "3", ["c2"])).rejects.toThrow("inconsistent");
    expect(await layer.listCheckpoints("v1")).toEqual([{ checkpointId: "c2", recording: false, sound: false }]);
  });

  it("dies with the VM, and ends cleanly all the same", async () => {
    await newDisk("v1");
    await layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await start("live", "1");
    await using source = await layer.openCaptureExport("1", "d");
    await using reader = await openNbd(source.address);
    await layer.stopVm("vm");
    await expect(reader.read(Buffer.alloc(512), 0)).rejects.toMatchObject({ code: "DISK_READ_FAILED" });
    expect(await layer.endCapture("1")).toEqual([{ diskId: "d", state: "clean" }]);
    expect(await layer.listCheckpoints("v1")).toEqual([{ checkpointId: "c1", recording: true, sound: true }]);
  });
});

describe("a hybrid capture", () => {
  it("goes on while the VM stops, starts and stops again, and merges with it down", async () => {
    await newDisk("v1");
    await layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await guest(0, 1);
    await start("hybrid", "1");
    await layer.stopVm("vm");
    await using source = await layer.openCaptureExport("1", "d");
    await layer.startVm("vm", [{ diskId: "d", volumeId: "v1-1" }]);
    await guest(0, 2);
    expect(await peek(source.address, 0)).toEqual([1]);
    await layer.stopVm("vm");
    expect(await layer.endCapture("1")).toEqual([{ diskId: "d", state: "clean" }]);
    await layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await start("hybrid", "2", ["c1"]);
    expect(await changesOf("2")).toEqual([0]);
    await layer.endCapture("2");
    expect(await layer.listVolumes()).toEqual(["v1"]);
  });

  it("leaves the overlay when the merge fails, loses no change by it, and merges later", async () => {
    await newDisk("v1");
    await layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await start("hybrid", "1");
    await guest(64 * KiB, 1);
    broken.add("merge");
    expect(await layer.endCapture("1")).toMatchObject([{ state: "overlay-left", overlayId: "v1-1" }]);
    broken.clear();
    const disk = { diskId: "d", volumeId: "v1-1", overlayId: "v1-2", since: ["c1"], newCheckpointId: "c2" };
    await layer.startCapture({ kind: "hybrid", id: "2", disks: [disk] });
    expect(await changesOf("2")).toEqual([1]);
    await layer.endCapture("2");
    await layer.merge("v1-1");
    expect(await layer.listVolumes()).toEqual(["v1"]);
    expect((await layer.listCheckpoints("v1")).map(({ checkpointId }) => checkpointId).toSorted()).toEqual([
      "c1",
      "c2",
    ]);
    expect(await peek(layer.guestAddress("vm", "d"), 64 * KiB)).toEqual([1]);
  });

  it("is known again after a restart of the simulator", async () => {
    await newDisk("v1");
    await start("hybrid", "0");
    await layer.endCapture("0");
    await layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await guest(64 * KiB, 1);
    await start("hybrid", "1", ["c0"]);
    await layer[Symbol.asyncDispose]();
    layer = await open();
    const disk = { diskId: "d", volumeId: "v1", overlayId: "v1-1", since: ["c0"], newCheckpointId: "c1" };
    await layer.resumeCapture({ kind: "hybrid", id: "1", disks: [disk] });
    expect(await changesOf("1")).toEqual([1]);
    expect(await layer.endCapture("1")).toEqual([{ diskId: "d", state: "clean" }]);
    expect(await layer.listVolumes()).toEqual(["v1"]);
  });

  it("starts without a sound bitmap, but its transfer does not", async () => {
    await newDisk("v1");
    await start("hybrid", "1", ["gone"]);
    await expect(layer.openCaptureExport("1", "d")).rejects.toMatchObject({ code: "CAPTURE_FAILED" });
    await layer.copyCapture("1", "d", join(dir, "reference"));
    await layer.endCapture("1");
  });
});

describe("a cold capture", () => {
  it("tells what changed between two of them, to eight clients at once", async () => {
    await newDisk("v1");
    await start("cold", "1");
    await layer.endCapture("1");
    await layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await guest(64 * KiB, 1);
    await layer.stopVm("vm");
    await start("cold", "2", ["c1"]);
    await using source = await layer.openCaptureExport("2", "d");
    expect(await dirtyBlocks(source)).toEqual([1]);
    await using clients = new AsyncDisposableStack();
    for (let count = 0; count < 8; count += 1) clients.use(await openNbd(source.address));
    const last = clients.move();
    const ninth = openNbd(source.address);
    await last.disposeAsync();
    await using connection = await ninth;
    expect(connection.sizeBytes).toBe(8 * MiB);
    await layer.endCapture("2");
    expect((await layer.listCheckpoints("v1")).map(({ checkpointId }) => checkpointId).toSorted()).toEqual([
      "c1",
      "c2",
    ]);
  });

  it("cannot tell changes by a bitmap that a crash left inconsistent", async () => {
    await newDisk("v1");
    await start("cold", "1");
    await layer.endCapture("1");
    await layer.spoilCheckpoint("v1", "c1", "inconsistent");
    expect(await layer.listCheckpoints("v1")).toEqual([{ checkpointId: "c1", recording: true, sound: false }]);
    await start("cold", "2", ["c1"]);
    await expect(layer.openCaptureExport("2", "d")).rejects.toThrow("inconsistent");
    await layer.endCapture("2");
    await layer.removeCheckpoint("v1", "c1");
    expect((await layer.listCheckpoints("v1")).map(({ checkpointId }) => checkpointId)).toEqual(["c2"]);
  });
});

describe("a checkpoint", () => {
  it("tells only what changed since it was made to forget", async () => {
    await newDisk("v1");
    await layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await start("live", "1");
    await layer.endCapture("1");
    await guest(2 * 64 * KiB, 1);
    await layer.spoilCheckpoint("v1", "c1", "forgetful");
    await guest(5 * 64 * KiB, 1);
    await start("live", "2", ["c1"]);
    expect(await changesOf("2")).toEqual([5]);
    await layer.endCapture("2");
  });

  it.each(["up", "down"] as const)(
    "passes its changes to its parent when it is removed, the VM being %s",
    async (state) => {
      await newDisk("v1");
      await layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
      for (const id of ["1", "2", "3"]) {
        await start("live", id);
        await layer.endCapture(id);
        await guest(Number(id) * 64 * KiB, 1);
      }
      if (state === "down") await layer.stopVm("vm");
      await layer.removeCheckpoint("v1", "c2", "c1");
      await layer.removeCheckpoint("v1", "c3", "c1");
      if (state === "down") await layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
      await guest(9 * 64 * KiB, 1);
      await start("live", "4", ["c1"]);
      expect(await changesOf("4")).toEqual([1, 2, 3, 9]);
      await layer.endCapture("4");
    },
  );
});
