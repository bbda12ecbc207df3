import { addBitmap, beginCheckpoint, checkpointsOf, gather, mergeBitmaps } from "./bitmap-actions.ts";
import type { NodeBitmap, StorageDaemon, TransactionAction, VolumeNode } from "./storage-daemon.ts";
import type { VolumeStore } from "./volume-store.ts";

/** An active volume that is frozen under a new overlay. */
export interface Freezing {
  readonly volumeId: string;
  readonly overlayId: string;
  readonly newCheckpointId?: string;
  /** Gathers the changes since a checkpoint in a bitmap of the frozen volume. */
  readonly gathered?: { readonly bitmap: string; readonly since: readonly string[] };
}

interface Layer {
  readonly freezing: Freezing;
  readonly base: VolumeNode;
  readonly overlay: VolumeNode;
  readonly bitmaps: readonly NodeBitmap[];
}

/**
 * Puts overlays on open volumes, all at one moment, and makes the volumes below read-only, so that other processes may read
 * them. The overlay of a volume with checkpoints gets copies of all their bitmaps: an active volume always has all that is
 * known of its disk's changes.
 */
export const addOverlays = async (
  daemon: StorageDaemon,
  store: VolumeStore,
  freezings: readonly Freezing[],
): Promise<void> => {
  await using undo = new AsyncDisposableStack();
  const layers: Layer[] = [];
  for (const freezing of freezings) layers.push(await prepare(daemon, store, { freezing, undo }));
  await daemon.transaction(layers.flatMap(toActions));
  undo.move();
  for (const { base, overlay } of layers) {
    overlay.backing = base;
    await daemon.reopen(base, true);
  }
};

const prepare = async (
  daemon: StorageDaemon,
  store: VolumeStore,
  work: { readonly freezing: Freezing; readonly undo: AsyncDisposableStack },
): Promise<Layer> => {
  const { freezing, undo } = work;
  const base = daemon.get(freezing.volumeId);
  const { sizeBytes, bitmaps } = await daemon.inspect(base);
  const origin = { kind: "overlay", backingId: freezing.volumeId, sizeBytes } as const;
  await store.create({ id: freezing.overlayId, format: "cow", origin });
  undo.defer(() => store.remove(freezing.overlayId));
  const overlay = await daemon.add(await store.find(freezing.overlayId), { readOnly: false, backing: undefined });
  undo.defer(() => daemon.remove(overlay));
  return { freezing, base, overlay, bitmaps };
};

const toActions = ({ freezing, base, overlay, bitmaps }: Layer): readonly TransactionAction[] => {
  const { newCheckpointId, gathered } = freezing;
  const carried = checkpointsOf(bitmaps).filter(({ sound }) => sound);
  return [
    { type: "blockdev-snapshot", data: { node: base.name, overlay: overlay.name } },
    ...carried.flatMap(({ name, recording }) => {
      const target = { node: overlay, name };
      const kind = { recording: recording && newCheckpointId === undefined, persistent: true };
      return [addBitmap(target, kind), mergeBitmaps(target, [{ node: base, name }])];
    }),
    ...(newCheckpointId === undefined ? [] : beginCheckpoint(overlay, [], newCheckpointId)),
    ...(gathered ? gather({ node: base, name: gathered.bitmap }, gathered.since, true) : []),
  ];
};
