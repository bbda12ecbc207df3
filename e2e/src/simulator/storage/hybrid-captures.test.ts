import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CaptureBench, KiB, peek } from "./capture-bench.ts";

let bench: CaptureBench;
beforeEach(async () => {
  bench = await CaptureBench.open();
});
afterEach(() => bench[Symbol.asyncDispose]());

describe("a hybrid capture", () => {
  it("goes on while the VM stops, starts and stops again, and merges with it down", async () => {
    await bench.newDisk("v1");
    await bench.layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await bench.guest(0, 1);
    await bench.start("hybrid", "1");
    await bench.layer.stopVm("vm");
    await using source = await bench.layer.openCaptureExport("1", "d");
    await bench.layer.startVm("vm", [{ diskId: "d", volumeId: "v1-1" }]);
    await bench.guest(0, 2);
    expect(await peek(source.address, 0)).toEqual([1]);
    await bench.layer.stopVm("vm");
    expect(await bench.layer.endCapture("1")).toEqual([{ diskId: "d", state: "clean" }]);
    await bench.layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await bench.start("hybrid", "2", ["c1"]);
    expect(await bench.changesOf("2")).toEqual([0]);
    await bench.layer.endCapture("2");
    expect(await bench.layer.listVolumes()).toEqual(["v1"]);
  });

  it("leaves the overlay when the merge fails, loses no change by it, and merges later", async () => {
    await bench.newDisk("v1");
    await bench.layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await bench.start("hybrid", "1");
    await bench.guest(64 * KiB, 1);
    bench.broken.add("merge");
    expect(await bench.layer.endCapture("1")).toMatchObject([{ state: "overlay-left", overlayId: "v1-1" }]);
    bench.broken.clear();
    const disk = { diskId: "d", volumeId: "v1-1", overlayId: "v1-2", since: ["c1"], newCheckpointId: "c2" };
    await bench.layer.startCapture({ kind: "hybrid", id: "2", disks: [disk] });
    expect(await bench.changesOf("2")).toEqual([1]);
    await bench.layer.endCapture("2");
    await bench.layer.merge("v1-1");
    expect(await bench.layer.listVolumes()).toEqual(["v1"]);
    expect((await bench.layer.listCheckpoints("v1")).map(({ checkpointId }) => checkpointId).toSorted()).toEqual([
      "c1",
      "c2",
    ]);
    expect(await peek(bench.layer.guestAddress("vm", "d"), 64 * KiB)).toEqual([1]);
  });

  it("is known again after a restart of the simulator", async () => {
    await bench.newDisk("v1");
    await bench.start("hybrid", "0");
    await bench.layer.endCapture("0");
    await bench.layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await bench.guest(64 * KiB, 1);
    await bench.start("hybrid", "1", ["c0"]);
    await bench.restart();
    const disk = { diskId: "d", volumeId: "v1", overlayId: "v1-1", since: ["c0"], newCheckpointId: "c1" };
    await bench.layer.resumeCapture({ kind: "hybrid", id: "1", disks: [disk] });
    expect(await bench.changesOf("1")).toEqual([1]);
    expect(await bench.layer.endCapture("1")).toEqual([{ diskId: "d", state: "clean" }]);
    expect(await bench.layer.listVolumes()).toEqual(["v1"]);
  });

  it("starts without a sound bitmap, but its transfer does not", async () => {
    await bench.newDisk("v1");
    await bench.start("hybrid", "1", ["gone"]);
    await expect(bench.layer.openCaptureExport("1", "d")).rejects.toMatchObject({ code: "CAPTURE_FAILED" });
    await bench.layer.copyCapture("1", "d", join(bench.dir, "reference"));
    await bench.layer.endCapture("1");
  });
});
