import { openNbd } from "@holdfast/shared/nbd/connection";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CaptureBench, KiB, MiB, dirtyBlocks } from "./capture-bench.ts";

let bench: CaptureBench;
beforeEach(async () => {
  bench = await CaptureBench.open();
});
afterEach(() => bench[Symbol.asyncDispose]());

describe("a cold capture", () => {
  it("tells what changed between two of them, to eight clients at once", async () => {
    await bench.newDisk("v1");
    await bench.start("cold", "1");
    await bench.layer.endCapture("1");
    await bench.layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await bench.guest(64 * KiB, 1);
    await bench.layer.stopVm("vm");
    await bench.start("cold", "2", ["c1"]);
    await using source = await bench.layer.openCaptureExport("2", "d");
    expect(await dirtyBlocks(source)).toEqual([1]);
    await using clients = new AsyncDisposableStack();
    for (let count = 0; count < 8; count += 1) clients.use(await openNbd(source.address));
    const last = clients.move();
    const ninth = openNbd(source.address);
    await last.disposeAsync();
    await using connection = await ninth;
    expect(connection.sizeBytes).toBe(8 * MiB);
    await bench.layer.endCapture("2");
    expect((await bench.layer.listCheckpoints("v1")).map(({ checkpointId }) => checkpointId).toSorted()).toEqual([
      "c1",
      "c2",
    ]);
  });

  it("cannot tell changes by a bitmap that a crash left inconsistent", async () => {
    await bench.newDisk("v1");
    await bench.start("cold", "1");
    await bench.layer.endCapture("1");
    await bench.layer.spoilCheckpoint("v1", "c1", "inconsistent");
    expect(await bench.layer.listCheckpoints("v1")).toEqual([{ checkpointId: "c1", recording: true, sound: false }]);
    await bench.start("cold", "2", ["c1"]);
    await expect(bench.layer.openCaptureExport("2", "d")).rejects.toThrow("inconsistent");
    await bench.layer.endCapture("2");
    await bench.layer.removeCheckpoint("v1", "c1");
    expect((await bench.layer.listCheckpoints("v1")).map(({ checkpointId }) => checkpointId)).toEqual(["c2"]);
  });
});

describe("a checkpoint", () => {
  it("tells only what changed since it was made to forget", async () => {
    await bench.newDisk("v1");
    await bench.layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
    await bench.start("live", "1");
    await bench.layer.endCapture("1");
    await bench.guest(2 * 64 * KiB, 1);
    await bench.layer.spoilCheckpoint("v1", "c1", "forgetful");
    await bench.guest(5 * 64 * KiB, 1);
    await bench.start("live", "2", ["c1"]);
    expect(await bench.changesOf("2")).toEqual([5]);
    await bench.layer.endCapture("2");
  });

  it.each(["up", "down"] as const)(
    "passes its changes to its parent when it is removed, the VM being %s",
    async (state) => {
      await bench.newDisk("v1");
      await bench.layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
      for (const id of ["1", "2", "3"]) {
        await bench.start("live", id);
        await bench.layer.endCapture(id);
        await bench.guest(Number(id) * 64 * KiB, 1);
      }
      if (state === "down") await bench.layer.stopVm("vm");
      await bench.layer.removeCheckpoint("v1", "c2", "c1");
      await bench.layer.removeCheckpoint("v1", "c3", "c1");
      if (state === "down") await bench.layer.startVm("vm", [{ diskId: "d", volumeId: "v1" }]);
      await bench.guest(9 * 64 * KiB, 1);
      await bench.start("live", "4", ["c1"]);
      expect(await bench.changesOf("4")).toEqual([1, 2, 3, 9]);
      await bench.layer.endCapture("4");
    },
  );
});
