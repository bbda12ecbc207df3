import type { NodeBitmap, TransactionAction, VolumeNode } from "./storage-daemon.ts";
import { captureBitmapPrefix } from "./volume-store.ts";

/** A bitmap on a node. */
export interface BitmapRef {
  readonly node: VolumeNode;
  readonly name: string;
}

/** What a new bitmap is like; a persistent one is stored in the file when its node is closed. */
export interface BitmapKind {
  readonly recording: boolean;
  readonly persistent: boolean;
}

/** Makes a clean bitmap. */
export const addBitmap = (bitmap: BitmapRef, kind: BitmapKind): TransactionAction => ({
  type: "block-dirty-bitmap-add",
  data: { node: bitmap.node.name, name: bitmap.name, persistent: kind.persistent, disabled: !kind.recording },
});

/** Adds what the sources mark to the target, which must be of the same size. */
export const mergeBitmaps = (target: BitmapRef, sources: readonly BitmapRef[]): TransactionAction => ({
  type: "block-dirty-bitmap-merge",
  data: {
    node: target.node.name,
    target: target.name,
    bitmaps: sources.map(({ node, name }) => ({ node: node.name, name })),
  },
});

/** Starts or stops recording. */
export const setRecording = (bitmap: BitmapRef, recording: boolean): TransactionAction => ({
  type: recording ? "block-dirty-bitmap-enable" : "block-dirty-bitmap-disable",
  data: { node: bitmap.node.name, name: bitmap.name },
});

/** Makes a bitmap forget what it marked; a recording one goes on. */
export const clearBitmap = (bitmap: BitmapRef): TransactionAction => ({
  type: "block-dirty-bitmap-clear",
  data: { node: bitmap.node.name, name: bitmap.name },
});

export const removeBitmap = (bitmap: BitmapRef): TransactionAction => ({
  type: "block-dirty-bitmap-remove",
  data: { node: bitmap.node.name, name: bitmap.name },
});

/** Those bitmaps that are checkpoints, not a capture's. */
export const checkpointsOf = (bitmaps: readonly NodeBitmap[]): readonly NodeBitmap[] =>
  bitmaps.filter(({ name }) => !name.startsWith(captureBitmapPrefix));

/** Why the changes since a checkpoint cannot be told from these bitmaps; undefined when they can. */
export const trackingFault = (bitmaps: readonly NodeBitmap[], since: readonly string[]): string | undefined => {
  for (const name of since) {
    const bitmap = bitmaps.find((candidate) => candidate.name === name);
    if (!bitmap) return `the bitmap of checkpoint ${name} is missing`;
    if (!bitmap.sound) return `the bitmap of checkpoint ${name} is inconsistent`;
  }
  return undefined;
};

/** Collects the changes since a checkpoint into one bitmap that does not record. */
export const gather = (
  target: BitmapRef,
  since: readonly string[],
  persistent: boolean,
): readonly TransactionAction[] => [
  addBitmap(target, { recording: false, persistent }),
  mergeBitmaps(
    target,
    since.map((name) => ({ node: target.node, name })),
  ),
];

/** Ends the present checkpoint's recording and begins that of a new one. */
export const beginCheckpoint = (
  node: VolumeNode,
  bitmaps: readonly NodeBitmap[],
  name: string,
): readonly TransactionAction[] => [
  ...recordingOf(bitmaps).map((bitmap) => setRecording({ node, name: bitmap.name }, false)),
  addBitmap({ node, name }, { recording: true, persistent: true }),
];

/** Drops a checkpoint; its changes and its recording pass to the parent when both are sound. */
export const dropCheckpoint = (
  node: VolumeNode,
  bitmaps: readonly NodeBitmap[],
  names: { readonly checkpoint: string; readonly parent: string | undefined },
): readonly TransactionAction[] => {
  const dropped = bitmaps.find(({ name }) => name === names.checkpoint);
  const parent = bitmaps.find(({ name }) => name === names.parent);
  if (!dropped) return [];
  const removal = removeBitmap({ node, name: dropped.name });
  if (!parent?.sound || !dropped.sound) return [removal];
  const heir = { node, name: parent.name };
  const merge = mergeBitmaps(heir, [{ node, name: dropped.name }]);
  return dropped.recording ? [merge, setRecording(heir, true), removal] : [merge, removal];
};

/** The checkpoint that takes the changes of now, as a list of none or one. */
export const recordingOf = (bitmaps: readonly NodeBitmap[]): readonly NodeBitmap[] =>
  checkpointsOf(bitmaps).filter(({ recording, sound }) => recording && sound);
