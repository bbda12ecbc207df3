import { openNbd } from "@holdfast/shared/nbd/connection";
import type { NbdAddress } from "@holdfast/shared/nbd/nbd-address";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BlockLayer } from "./block-layer.ts";
import { livingChildren } from "./child.ts";
import { openBlockLayer } from "./qemu-block-layer.ts";

const MiB = 1024 * 1024;
let dir: string;
let layer: BlockLayer;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hf-vs-"));
  layer = await openBlockLayer({ stateDir: join(dir, "state"), runDir: join(dir, "run") });
});
afterEach(async () => {
  await layer[Symbol.asyncDispose]();
  if (livingChildren().length > 0) throw new Error("the layer left children behind");
  await rm(dir, { recursive: true, force: true });
});

const write = async (address: NbdAddress, offset: number, byte: number): Promise<void> => {
  await using disk = await openNbd(address);
  await disk.write(Buffer.alloc(64 * 1024, byte), offset);
};

const peek = async (address: NbdAddress, offset: number): Promise<number | undefined> => {
  await using disk = await openNbd(address);
  const target = Buffer.alloc(512);
  await disk.read(target, offset);
  return target[0];
};

const peekVolume = async (volumeId: string, offset: number, shallow = false): Promise<number | undefined> => {
  await using source = await layer.openVolumeExport(volumeId, { mode: "read", shallow });
  return await peek(source.address, offset);
};

describe("a volume", () => {
  it("tells format, sizes and what backs it", async () => {
    await layer.createVolume({ id: "r", format: "raw", origin: { kind: "empty", sizeBytes: MiB + 512 } });
    await layer.createVolume({ id: "o", format: "cow", origin: { kind: "overlay", backingId: "r" } });
    expect(await layer.inspectVolume("r")).toMatchObject({ id: "r", format: "raw", sizeBytes: MiB + 512 });
    expect(await layer.inspectVolume("o")).toMatchObject({ format: "cow", sizeBytes: MiB + 512, backingId: "r" });
    await layer.growVolume("o", 2 * MiB);
    expect(await layer.inspectVolume("o")).toMatchObject({ sizeBytes: 2 * MiB });
    expect(await layer.listVolumes()).toEqual(["o", "r"]);
    await layer.removeVolume("o");
    await layer.removeVolume("o");
    expect(await layer.listVolumes()).toEqual(["r"]);
  });

  it("is refused under a taken or impossible name, and not found under an unknown one", async () => {
    const origin = { kind: "empty", sizeBytes: MiB } as const;
    await layer.createVolume({ id: "a", format: "cow", origin });
    await expect(layer.createVolume({ id: "a", format: "raw", origin })).rejects.toMatchObject({
      code: "ALREADY_EXISTS",
    });
    const evil = layer.createVolume({ id: "../a", format: "raw", origin });
    await expect(evil).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(layer.inspectVolume("b")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("takes the bytes of a file, an upload or another volume with its chain", async () => {
    await writeFile(join(dir, "image"), Buffer.alloc(MiB, 7));
    await layer.createVolume({ id: "a", format: "cow", origin: { kind: "file", path: join(dir, "image") } });
    await layer.createVolume({ id: "b", format: "cow", origin: { kind: "overlay", backingId: "a" } });
    {
      await using target = await layer.openVolumeExport("b", { mode: "write" });
      await write(target.address, 128 * 1024, 8);
    }
    await layer.createVolume({ id: "c", format: "raw", origin: { kind: "copy", sourceId: "b" } });
    expect(await layer.inspectVolume("c")).not.toHaveProperty("backingId");
    expect([await peekVolume("c", 0), await peekVolume("c", 128 * 1024)]).toEqual([7, 8]);
    expect([await peekVolume("b", 0, true), await peekVolume("b", 128 * 1024, true)]).toEqual([0, 8]);
  });
});

describe("a VM", () => {
  it("shares a template with another, each with its own changes", async () => {
    await writeFile(join(dir, "image"), Buffer.alloc(MiB, 7));
    await layer.createVolume({ id: "t", format: "cow", origin: { kind: "file", path: join(dir, "image") } });
    for (const id of ["a", "b", "c"]) {
      await layer.createVolume({ id, format: "cow", origin: { kind: "overlay", backingId: "t" } });
    }
    await layer.startVm("vm1", [
      { diskId: "a", volumeId: "a" },
      { diskId: "b", volumeId: "b" },
    ]);
    await layer.startVm("vm2", [{ diskId: "c", volumeId: "c" }]);
    await write(layer.guestAddress("vm1", "a"), 0, 1);
    await write(layer.guestAddress("vm2", "c"), 0, 3);
    await layer.unplugDisk("vm1", "b");
    expect(await peekVolume("b", 0)).toBe(7);
    await layer.plugDisk("vm1", { diskId: "b", volumeId: "b" });
    const seen = [
      await peek(layer.guestAddress("vm1", "a"), 0),
      await peek(layer.guestAddress("vm1", "b"), 0),
      await peek(layer.guestAddress("vm2", "c"), 0),
    ];
    expect(seen).toEqual([1, 7, 3]);
    await layer.stopVm("vm1");
    expect([layer.isRunning("vm1"), layer.isRunning("vm2")]).toEqual([false, true]);
    await layer.startVm("vm1", [{ diskId: "a", volumeId: "a" }]);
    expect(await peek(layer.guestAddress("vm1", "a"), 0)).toBe(1);
  });
});

describe.each(["up", "down"] as const)("user snapshots with the VM %s", (state) => {
  const changeState = async (volumeId: string, to: "up" | "down"): Promise<void> => {
    if (to === "up") await layer.startVm("vm", [{ diskId: "d", volumeId }]);
    else await layer.stopVm("vm");
  };
  const guestWrites = async (volumeId: string, offset: number, byte: number): Promise<void> => {
    await changeState(volumeId, "up");
    await write(layer.guestAddress("vm", "d"), offset, byte);
    await changeState(volumeId, state);
  };

  it("freeze what they hold, carry the bitmaps, and merge in any order", async () => {
    await layer.createVolume({ id: "v0", format: "cow", origin: { kind: "empty", sizeBytes: 4 * MiB } });
    await layer.startCapture({
      kind: "cold",
      id: "1",
      disks: [{ diskId: "d", volumeId: "v0", newCheckpointId: "c1" }],
    });
    await layer.endCapture("1");
    await guestWrites("v0", 0, 1);
    await layer.snapshot([{ volumeId: "v0", overlayId: "v1" }]);
    await guestWrites("v1", 0, 2);
    await layer.snapshot([{ volumeId: "v1", overlayId: "v2" }]);
    await guestWrites("v2", MiB, 3);
    expect([await peekVolume("v0", 0), await peekVolume("v1", 0)]).toEqual([1, 2]);
    expect(await layer.listCheckpoints("v2")).toEqual([{ checkpointId: "c1", recording: true, sound: true }]);
    await layer.merge("v1");
    expect(await layer.inspectVolume("v2")).toMatchObject({ backingId: "v0" });
    expect(await peekVolume("v0", 0)).toBe(2);
    await layer.merge("v2");
    expect(await layer.listVolumes()).toEqual(["v0"]);
    expect(await layer.listCheckpoints("v0")).toEqual([{ checkpointId: "c1", recording: true, sound: true }]);
    await changeState("v0", "up");
    expect([await peek(layer.guestAddress("vm", "d"), 0), await peek(layer.guestAddress("vm", "d"), MiB)]).toEqual([
      2, 3,
    ]);
  });

  it("grow the volume below when they are merged after a growth", async () => {
    await layer.createVolume({ id: "v0", format: "cow", origin: { kind: "empty", sizeBytes: MiB } });
    await changeState("v0", state);
    await layer.snapshot([{ volumeId: "v0", overlayId: "v1" }]);
    await layer.growVolume("v1", 2 * MiB);
    await guestWrites("v1", MiB + 65536, 5);
    await layer.merge("v1");
    expect(await layer.inspectVolume("v0")).toMatchObject({ sizeBytes: 2 * MiB });
    await changeState("v0", "up");
    expect(await peek(layer.guestAddress("vm", "d"), MiB + 65536)).toBe(5);
  });
});
