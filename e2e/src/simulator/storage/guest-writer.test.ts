import { systemClock } from "@holdfast/shared/clock/clock";
import { openNbd } from "@holdfast/shared/nbd/connection";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { BlockLayer } from "./block-layer.ts";
import { GuestWriter } from "./guest-writer.ts";
import { openBlockLayer } from "./qemu-block-layer.ts";

const MiB = 1024 * 1024;
const seed = 20_261_123;
let dir: string;
let layer: BlockLayer;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hf-gw-"));
  layer = await openBlockLayer({ stateDir: join(dir, "state"), runDir: join(dir, "run") });
  await layer.createVolume({ id: "v", format: "cow", origin: { kind: "empty", sizeBytes: 16 * MiB } });
  await layer.startVm("vm", [{ diskId: "d", volumeId: "v" }]);
});
afterEach(async () => {
  await layer[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

const writer = (): GuestWriter =>
  new GuestWriter({ address: () => layer.guestAddress("vm", "d"), seed, clock: systemClock, pauseMs: 1 });

it.each(["live", "hybrid"] as const)(
  "writes through a whole %s capture, whose copy stays that of its moment",
  async (kind) => {
    await using guest = writer();
    const stop = new AbortController();
    const running = guest.run(stop.signal);
    const disk = { diskId: "d", volumeId: "v", newCheckpointId: "c1" };
    if (kind === "live") await layer.startCapture({ kind, id: "1", vmId: "vm", disks: [disk] });
    else await layer.startCapture({ kind, id: "1", disks: [{ ...disk, overlayId: "o" }] });
    const ready = guest.mark();
    await layer.copyCapture("1", "d", join(dir, "first"));
    await expect.poll(() => guest.writesAfter(ready).length, { timeout: 10_000 }).toBeGreaterThan(20);
    await layer.copyCapture("1", "d", join(dir, "second"));
    await layer.endCapture("1");
    stop.abort();
    await running;
    const [first, second] = [await readFile(join(dir, "first")), await readFile(join(dir, "second"))];
    expect(first.equals(second)).toBe(true);
    await using now = await openNbd(layer.guestAddress("vm", "d"));
    const present = Buffer.alloc(16 * MiB);
    await now.read(present, 0);
    expect(present.equals(first)).toBe(false);
  },
);

it("does the same with the same seed, orders writes and marks, and goes on after a growth", async () => {
  await using guest = writer();
  await using other = writer();
  const first = [await guest.step(), await guest.step(), await guest.step()];
  const mark = guest.mark();
  await layer.growVolume("v", 20 * MiB);
  const later = await guest.step();
  expect(guest.writesAfter(mark)).toEqual([later]);
  expect(first.every(({ beganAt, endedAt }) => beganAt < endedAt && endedAt < mark)).toBe(true);
  const repeated = [await other.step(), await other.step(), await other.step()];
  expect(repeated.map(({ kind, length }) => ({ kind, length }))).toEqual(
    first.map(({ kind, length }) => ({ kind, length })),
  );
});
