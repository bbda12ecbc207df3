import type { Clock } from "@holdfast/shared/clock/clock";
import type {
  BlockFaults,
  CapturedDisk,
  CaptureEnd,
  ColdCaptureSpec,
  HybridCaptureSpec,
  VolumeExport,
} from "./block-layer.ts";
import { beginCheckpoint, gather, removeBitmap, trackingFault } from "./bitmap-actions.ts";
import { FrozenCapture, type Tracking } from "./frozen-capture.ts";
import type { OpenCapture } from "./open-capture.ts";
import { startQemuNbd } from "./qemu-nbd.ts";
import type { NodeBitmap } from "./storage-daemon.ts";
import type { VolumeAccess } from "./volume-access.ts";
import { captureBitmapPrefix } from "./volume-store.ts";

/** What cold and hybrid captures are made with. */
export interface FrozenParts {
  readonly access: VolumeAccess;
  readonly clock: Clock;
  readonly faults: BlockFaults;
}

type FrozenSpec = ColdCaptureSpec | HybridCaptureSpec;

/** Begins a checkpoint on volumes that nobody writes to, and gathers their changes for reading. */
export const startColdCapture = async (spec: ColdCaptureSpec, parts: FrozenParts): Promise<OpenCapture> => {
  const tracking = await trackingOf(spec, parts);
  const volumeIds = spec.disks.map(({ volumeId }) => volumeId);
  await parts.access.with(volumeIds, async (daemon) => {
    const actions = [];
    for (const disk of spec.disks) {
      const node = daemon.get(disk.volumeId);
      const { bitmaps } = await daemon.inspect(node);
      const gathered = gatheredOf(disk, tracking);
      if (gathered) actions.push(...gather({ node, name: gathered.bitmap }, gathered.since, true));
      if (disk.newCheckpointId !== undefined) actions.push(...beginCheckpoint(node, bitmaps, disk.newCheckpointId));
    }
    await daemon.transaction(actions);
  });
  return toCapture(spec, tracking, parts);
};

/** Puts an overlay on every disk, begins the checkpoint there, and gathers the changes below it for reading. */
export const startHybridCapture = async (spec: HybridCaptureSpec, parts: FrozenParts): Promise<OpenCapture> => {
  const tracking = await trackingOf(spec, parts);
  const freezings = spec.disks.map((disk) => {
    const gathered = gatheredOf(disk, tracking);
    const { volumeId, overlayId, newCheckpointId } = disk;
    return {
      volumeId,
      overlayId,
      ...(newCheckpointId === undefined ? {} : { newCheckpointId }),
      ...(gathered ? { gathered } : {}),
    };
  });
  await parts.access.freeze(freezings);
  return toCapture(spec, tracking, parts);
};

/** A capture that an earlier process of the simulator started, from what it left in the volumes. */
export const resumeFrozenCapture = async (spec: FrozenSpec, parts: FrozenParts): Promise<OpenCapture> => {
  const tracking = new Map<string, Tracking>();
  for (const disk of spec.disks) {
    if (!disk.since) continue;
    const bitmap = `${captureBitmapPrefix}${spec.id}`;
    const bitmaps = await parts.access.store.bitmaps(disk.volumeId);
    const there = bitmaps.some(({ checkpointId, sound }) => checkpointId === bitmap && sound);
    const broken: Tracking = { kind: "broken", reason: "the bitmap of its changes is lost" };
    tracking.set(disk.diskId, there ? { kind: "changes", bitmap } : broken);
  }
  return toCapture(spec, tracking, parts);
};

const trackingOf = async (spec: FrozenSpec, parts: FrozenParts): Promise<ReadonlyMap<string, Tracking>> => {
  const tracking = new Map<string, Tracking>();
  for (const disk of spec.disks) {
    if (!disk.since) continue;
    const fault = parts.faults("bitmap-check", { captureId: spec.id, diskId: disk.diskId, volumeId: disk.volumeId });
    const reason = fault?.message ?? trackingFault(await bitmapsNow(disk, parts.access), disk.since);
    const sound: Tracking = { kind: "changes", bitmap: `${captureBitmapPrefix}${spec.id}` };
    tracking.set(disk.diskId, reason === undefined ? sound : { kind: "broken", reason });
  }
  return tracking;
};

const bitmapsNow = async (disk: CapturedDisk, access: VolumeAccess): Promise<readonly NodeBitmap[]> =>
  access.with([disk.volumeId], async (daemon) => (await daemon.inspect(daemon.get(disk.volumeId))).bitmaps);

const gatheredOf = (
  disk: CapturedDisk,
  tracking: ReadonlyMap<string, Tracking>,
): { readonly bitmap: string; readonly since: readonly string[] } | undefined => {
  const how = tracking.get(disk.diskId);
  return how?.kind === "changes" && disk.since ? { bitmap: how.bitmap, since: disk.since } : undefined;
};

const toCapture = (spec: FrozenSpec, tracking: ReadonlyMap<string, Tracking>, parts: FrozenParts): OpenCapture => {
  const end = spec.kind === "cold" ? () => endCold(spec, tracking, parts) : () => endHybrid(spec, parts);
  return new FrozenCapture(spec, { tracking, serve: (volumeId, bitmap) => serve(volumeId, bitmap, parts), end });
};

const serve = async (volumeId: string, bitmap: string | undefined, parts: FrozenParts): Promise<VolumeExport> => {
  const file = await parts.access.store.find(volumeId);
  const service = { file, socketPath: parts.access.newSocket(), writable: false };
  return startQemuNbd(bitmap === undefined ? service : { ...service, bitmap }, parts.clock);
};

const endCold = async (
  spec: ColdCaptureSpec,
  tracking: ReadonlyMap<string, Tracking>,
  parts: FrozenParts,
): Promise<readonly CaptureEnd[]> => {
  const tracked = spec.disks.filter((disk) => gatheredOf(disk, tracking));
  const volumeIds = tracked.map(({ volumeId }) => volumeId);
  if (tracked.length > 0) {
    await parts.access.with(volumeIds, (daemon) => {
      const name = `${captureBitmapPrefix}${spec.id}`;
      return daemon.transaction(volumeIds.map((volumeId) => removeBitmap({ node: daemon.get(volumeId), name })));
    });
  }
  return spec.disks.map(({ diskId }) => ({ diskId, state: "clean" as const }));
};

/** The gathered bitmaps go with the merge, which takes over only what the overlay has. */
const endHybrid = async (spec: HybridCaptureSpec, parts: FrozenParts): Promise<readonly CaptureEnd[]> => {
  const ends: CaptureEnd[] = [];
  for (const { diskId, overlayId } of spec.disks) {
    try {
      const fault = parts.faults("merge", { captureId: spec.id, diskId, volumeId: overlayId });
      if (fault) throw fault;
      await parts.access.merge(overlayId);
      ends.push({ diskId, state: "clean" });
    } catch (error) {
      ends.push({ diskId, state: "overlay-left", overlayId, error });
    }
  }
  return ends;
};
