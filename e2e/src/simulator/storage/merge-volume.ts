import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { basename } from "node:path";
import { addBitmap, checkpointsOf, mergeBitmaps, removeBitmap, setRecording } from "./bitmap-actions.ts";
import type { StorageDaemon, VolumeNode } from "./storage-daemon.ts";

/**
 * Commits an open volume into the one below it by QEMU's block-commit: an active one by mirroring the guest's writes until it
 * can be swapped out, one in the middle of a chain by re-basing what stands on it. Its node is gone afterwards, its file not.
 */
export const mergeVolume = async (daemon: StorageDaemon, upper: VolumeNode, leaf: VolumeNode): Promise<void> => {
  const lower = upper.backing;
  if (!lower) throw new HoldfastError("FAILED_PRECONDITION", `nothing backs the volume ${upper.file.volumeId}`);
  await daemon.reopen(lower, false);
  try {
    if (upper === leaf) await mergeActive(daemon, upper, lower);
    else await mergeMiddle(daemon, upper, { lower, leaf });
  } catch (caught) {
    await daemon.reopen(lower, true).catch(() => undefined);
    throw caught;
  }
};

const mergeActive = async (daemon: StorageDaemon, upper: VolumeNode, lower: VolumeNode): Promise<void> => {
  const kept = lower.file.format === "cow" ? await beginRecording(daemon, upper, lower) : [];
  const job = daemon.newName("j");
  const ready = daemon.next("BLOCK_JOB_READY", { device: job });
  const ended = daemon.next("JOB_STATUS_CHANGE", { id: job, status: "null" });
  const completed = daemon.next("BLOCK_JOB_COMPLETED", { device: job });
  await commit(daemon, { "job-id": job, device: upper.name, "top-node": upper.name, "base-node": lower.name });
  await Promise.race([ready, completed.then(assertCompleted)]);
  await daemon.execute("job-complete", { id: job });
  assertCompleted(await completed);
  await ended;
  await daemon.transaction(kept.map((name) => mergeBitmaps({ node: lower, name }, [{ node: upper, name }])));
  await daemon.remove(upper);
};

const mergeMiddle = async (
  daemon: StorageDaemon,
  upper: VolumeNode,
  around: { readonly lower: VolumeNode; readonly leaf: VolumeNode },
): Promise<void> => {
  const { lower, leaf } = around;
  const above = nodeAbove(upper, leaf);
  const job = daemon.newName("j");
  const ended = daemon.next("JOB_STATUS_CHANGE", { id: job, status: "null" });
  const completed = daemon.next("BLOCK_JOB_COMPLETED", { device: job });
  const nodes = { device: leaf.name, "top-node": upper.name, "base-node": lower.name };
  await commit(daemon, { "job-id": job, ...nodes, "backing-file": basename(lower.file.path) });
  assertCompleted(await completed);
  await ended;
  above.backing = lower;
  await daemon.reopen(lower, true);
  await daemon.remove(upper);
};

const commit = (daemon: StorageDaemon, args: Readonly<Record<string, unknown>>): Promise<unknown> =>
  daemon.execute("block-commit", args);

const assertCompleted = (event: { readonly fields: Readonly<Record<string, unknown>> }): void => {
  const { error } = event.fields;
  if (typeof error === "string") throw new HoldfastError("IO_FAILED", `the commit failed: ${error}`);
};

const nodeAbove = (upper: VolumeNode, leaf: VolumeNode): VolumeNode => {
  for (let node: VolumeNode | undefined = leaf; node; node = node.backing) if (node.backing === upper) return node;
  throw new HoldfastError("FAILED_PRECONDITION", `${upper.file.volumeId} is not below ${leaf.file.volumeId}`);
};

/**
 * Prepares the lower volume for the upper one's bitmaps, which are complete and are merged in when the commit has made both
 * the same size. A bitmap that the upper one lacks, or has only inconsistent, knows nothing of the upper one's changes and
 * goes. The recording one records before the commit begins, so no write of the guest around the swap is missed. Answers the
 * names of the bitmaps to merge.
 */
const beginRecording = async (
  daemon: StorageDaemon,
  upper: VolumeNode,
  lower: VolumeNode,
): Promise<readonly string[]> => {
  const kept = checkpointsOf((await daemon.inspect(upper)).bitmaps).filter(({ sound }) => sound);
  const below = (await daemon.inspect(lower)).bitmaps;
  const stale = below.filter(({ name, sound }) => !sound || kept.every((bitmap) => bitmap.name !== name));
  await daemon.transaction(stale.map(({ name }) => removeBitmap({ node: lower, name })));
  await daemon.transaction(
    kept.map(({ name, recording }) => {
      const bitmap = { node: lower, name };
      const there = below.some((old) => old.name === name && old.sound);
      return there ? setRecording(bitmap, recording) : addBitmap(bitmap, { recording, persistent: true });
    }),
  );
  return kept.map(({ name }) => name);
};
