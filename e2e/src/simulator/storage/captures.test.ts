import { openNbd } from "@holdfast/shared/nbd/connection";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CaptureBench, KiB, MiB, dirtyBlocks, peek } from "./capture-bench.ts";

let bench: CaptureBench;
beforeEach(async () => {
  bench = await CaptureBench.open();
});
afterEach(() => bench[Symbol.asyncDispose]());

describe.each(["live", "hybrid"] as const)("a %s capture of a running VM", (kind) => {
  it("shows its moment, while the guest writes on, and increments tell exactly what changed since", async () => {
    await bench.newDisk("v1");
    await bench.layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await bench.guest(0, 1);
    await bench.start(kind, "1");
    await bench.guest(0, 2);
    await bench.guest(3 * 64 * KiB, 2);
    {
      await using source = await bench.layer.openCaptureExport("1", "d");
      expect(source.bitmap).toBeUndefined();
      expect(await peek(source.address, 0, 3 * 64 * KiB)).toEqual([1, 0]);
    }
    expect(await bench.layer.endCapture("1")).toEqual([{ diskId: "d", state: "clean" }]);
    await bench.guest(5 * 64 * KiB, 3);
    await bench.start(kind, "2", ["c1"]);
    await bench.guest(7 * 64 * KiB, 4);
    expect(await bench.changesOf("2")).toEqual([0, 3, 5]);
    await bench.layer.endCapture("2");
    await bench.start(kind, "3", ["c1", "c2"]);
    expect(await bench.changesOf("3")).toEqual([0, 3, 5, 7]);
    await bench.layer.endCapture("3");
    expect(await peek(bench.layer.guestAddress("vm", "d"), 0, 3 * 64 * KiB, 7 * 64 * KiB)).toEqual([2, 2, 4]);
    expect(await bench.layer.listVolumes()).toEqual(["v1"]);
  });

  it("keeps checkpoints over a stop and a start, and over growth", async () => {
    await bench.newDisk("v1");
    await bench.layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await bench.start(kind, "1");
    await bench.layer.endCapture("1");
    await bench.guest(2 * 64 * KiB, 1);
    await bench.layer.stopVm("vm");
    await bench.layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await bench.layer.growVolume("v1", 12 * MiB + 512);
    await bench.guest(10 * MiB, 1);
    await bench.start(kind, "2", ["c1"]);
    {
      await using source = await bench.layer.openCaptureExport("2", "d");
      expect(source.sizeBytes).toBe(12 * MiB + 512);
      expect(await dirtyBlocks(source)).toEqual([2, 160]);
    }
    await bench.layer.endCapture("2");
    expect(await bench.layer.listCheckpoints("v1")).toEqual(
      expect.arrayContaining([
        { checkpointId: "c1", recording: false, sound: true },
        { checkpointId: "c2", recording: true, sound: true },
      ]),
    );
  });

  it("reads a raw disk in full", async () => {
    await bench.newDisk("v1", "raw", 4 * MiB + 512);
    await bench.layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await bench.guest(MiB, 1, 512);
    await bench.start(kind, "1", undefined, false);
    await bench.guest(MiB, 2);
    await bench.layer.copyCapture("1", "d", join(bench.dir, "reference"));
    await bench.layer.endCapture("1");
    const reference = await readFile(join(bench.dir, "reference"));
    expect([reference.length, reference[MiB], reference[MiB + 512]]).toEqual([4 * MiB + 512, 1, 0]);
    expect(await peek(bench.layer.guestAddress("vm", "d"), MiB)).toEqual([2]);
    expect((await bench.layer.inspectVolume("v1")).sizeBytes).toBe(4 * MiB + 512);
  });

  it("can be made to fail at its start, leaving everything as it was", async () => {
    await bench.newDisk("v1");
    await bench.layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    bench.broken.add("capture-start");
    await expect(bench.start(kind, "1")).rejects.toMatchObject({ code: "CAPTURE_FAILED" });
    expect(await bench.layer.listCheckpoints("v1")).toEqual([]);
    expect(await bench.layer.listVolumes()).toEqual(["v1"]);
    expect(bench.layer.findCapture("1")).toBeUndefined();
  });
});

describe("a live capture", () => {
  it("does not start without a sound bitmap", async () => {
    await bench.newDisk("v1");
    await bench.layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await expect(bench.start("live", "1", ["gone"])).rejects.toMatchObject({ code: "CAPTURE_FAILED" });
    await bench.start("live", "2");
    await bench.layer.endCapture("2");
    await bench.layer.stopVm("vm");
    await bench.layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await bench.layer.killVm("vm");
    await bench.layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await expect(bench.start("live", "3", ["c2"])).rejects.toThrow("inconsistent");
    expect(await bench.layer.listCheckpoints("v1")).toEqual([{ checkpointId: "c2", recording: false, sound: false }]);
  });

  it("dies with the VM, and ends cleanly all the same", async () => {
    await bench.newDisk("v1");
    await bench.layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await bench.start("live", "1");
    await using source = await bench.layer.openCaptureExport("1", "d");
    await using reader = await openNbd(source.address);
    await bench.layer.stopVm("vm");
    await expect(reader.read(Buffer.alloc(512), 0)).rejects.toMatchObject({ code: "DISK_READ_FAILED" });
    expect(await bench.layer.endCapture("1")).toEqual([{ diskId: "d", state: "clean" }]);
    expect(await bench.layer.listCheckpoints("v1")).toEqual([{ checkpointId: "c1", recording: true, sound: true }]);
  });
});
