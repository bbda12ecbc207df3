import { systemClock } from "@holdfast/shared/clock/clock";
import { openNbd } from "@holdfast/shared/nbd/connection";
import { walkExtents } from "@holdfast/shared/nbd/extents";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { BlockLayer } from "./block-layer.ts";
import { GuestWriter } from "./guest-writer.ts";
import { openBlockLayer } from "./qemu-block-layer.ts";

const sizeBytes = 12 * 1024 * 1024 + 512;
const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
let dir: string;
let layer: BlockLayer;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hf-in-"));
  layer = await openBlockLayer({ stateDir: join(dir, "state"), runDir: join(dir, "run") });
});
afterEach(async () => {
  await layer[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

type Kind = "live" | "hybrid" | "cold";

const start = (kind: Kind, round: number, since: readonly string[]): Promise<unknown> => {
  const id = `${round}`;
  const disk = { diskId: "d", volumeId: "v", newCheckpointId: `c${round}`, ...(since.length > 0 ? { since } : {}) };
  if (kind === "live") return layer.startCapture({ kind, id, vmId: "vm", disks: [disk] });
  if (kind === "cold") return layer.startCapture({ kind, id, disks: [disk] });
  return layer.startCapture({ kind, id, disks: [{ ...disk, overlayId: `v-${round}` }] });
};

/** The old image with what changed, by the capture's account, taken from the frozen one. */
const rebuild = async (old: Buffer, frozen: Buffer, captureId: string): Promise<Buffer> => {
  const image = Buffer.from(old);
  await using source = await layer.openCaptureExport(captureId, "d");
  const context = `qemu:dirty-bitmap:${source.bitmap ?? ""}`;
  await using disk = await openNbd(source.address, {
    contexts: (offered) => offered.filter((name) => name === context),
  });
  for await (const { offset, length, flags } of walkExtents(disk, [context], { offset: 0, length: disk.sizeBytes })) {
    if (flags[0] === 1) frozen.copy(image, offset, offset, offset + length);
  }
  return image;
};

it.each(["live", "hybrid", "cold"] as const)(
  `older images and changes make the newest image: %s, seed ${seed}`,
  async (kind) => {
    await layer.createVolume({ id: "t", format: "cow", origin: { kind: "empty", sizeBytes } });
    await layer.createVolume({ id: "v", format: "cow", origin: { kind: "overlay", backingId: "t" } });
    const address = (): ReturnType<BlockLayer["guestAddress"]> => layer.guestAddress("vm", "d");
    await using guest = new GuestWriter({ address, seed, clock: systemClock, pauseMs: 0, maxLengthBytes: 256 * 1024 });
    const images: Buffer[] = [];
    for (let round = 0; round < 4; round += 1) {
      await layer.startVm("vm", [{ diskId: "d", volumeId: "v" }]);
      const stop = new AbortController();
      const seen = guest.writes.length;
      const writing = guest.run(stop.signal);
      await expect.poll(() => guest.writes.length - seen, { timeout: 10_000, interval: 5 }).toBeGreaterThan(15);
      if (kind === "cold") {
        stop.abort();
        await writing;
        await layer.stopVm("vm");
      }
      await start(
        kind,
        round,
        images.map((_, index) => `c${index}`),
      );
      await layer.copyCapture(`${round}`, "d", join(dir, "frozen"));
      const frozen = await readFile(join(dir, "frozen"));
      const rebuilt = images[0] ? await rebuild(images[0], frozen, `${round}`) : frozen;
      expect(rebuilt.equals(frozen)).toBe(true);
      expect(await layer.endCapture(`${round}`)).toEqual([{ diskId: "d", state: "clean" }]);
      images.push(frozen);
      stop.abort();
      await writing;
    }
    expect(images.every((image, index) => !images[index - 1]?.equals(image))).toBe(true);
  },
);
