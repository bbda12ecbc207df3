import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { CapturedDisk, CaptureEnd, LiveCaptureSpec, VolumeExport } from "./block-layer.ts";
import { beginCheckpoint, dropCheckpoint, gather, recordingOf, removeBitmap, trackingFault } from "./bitmap-actions.ts";
import { runTool } from "./child.ts";
import type { OpenCapture } from "./open-capture.ts";
import type { StorageDaemon, TransactionAction, VolumeNode } from "./storage-daemon.ts";
import { captureBitmapPrefix } from "./volume-store.ts";

interface LiveDisk {
  readonly disk: CapturedDisk;
  readonly node: VolumeNode;
  readonly scratch: string;
  readonly job: string;
  readonly exportId: string;
  readonly exportName: string;
  readonly sizeBytes: number;
  /** Set when the disk is read by its changes. */
  readonly bitmap?: string;
  readonly actions: readonly TransactionAction[];
  /** What takes the new checkpoint back. */
  readonly rollBack: () => Promise<void>;
}

/** What a live capture is made with. */
export interface LiveCaptureParts {
  readonly daemon: StorageDaemon;
  /** Where the scratch files are. */
  readonly runDir: string;
}

/**
 * Freezes disks of a running VM: what the guest overwrites is first copied to a scratch volume, through which the frozen
 * moment is read. The VM's own process serves it, with a bitmap of the changes if asked.
 */
export const startLiveCapture = async (spec: LiveCaptureSpec, parts: LiveCaptureParts): Promise<OpenCapture> => {
  await using undo = new AsyncDisposableStack();
  const disks: LiveDisk[] = [];
  for (const disk of spec.disks) disks.push(await prepare(spec, disk, { ...parts, undo }));
  await parts.daemon.transaction(disks.flatMap(({ actions }) => actions));
  undo.defer(() => stopJobs(parts.daemon, disks));
  try {
    for (const disk of disks) await serve(parts.daemon, disk, undo);
  } catch (caught) {
    for (const disk of disks) await disk.rollBack();
    throw caught;
  }
  return new LiveCapture(spec, { daemon: parts.daemon, disks, made: undo.move() });
};

class LiveCapture implements OpenCapture {
  readonly spec: LiveCaptureSpec;
  readonly #daemon: StorageDaemon;
  readonly #disks: readonly LiveDisk[];
  readonly #made: AsyncDisposableStack;

  constructor(
    spec: LiveCaptureSpec,
    parts: {
      readonly daemon: StorageDaemon;
      readonly disks: readonly LiveDisk[];
      readonly made: AsyncDisposableStack;
    },
  ) {
    this.spec = spec;
    this.#daemon = parts.daemon;
    this.#disks = parts.disks;
    this.#made = parts.made;
  }

  openExport(diskId: string): Promise<VolumeExport> {
    const found = this.#disks.find(({ disk }) => disk.diskId === diskId);
    if (!found) return Promise.reject(new HoldfastError("NOT_FOUND", `capture ${this.spec.id} has no disk ${diskId}`));
    return Promise.resolve({
      address: { socketPath: this.#daemon.socketPath, exportName: found.exportName },
      sizeBytes: found.sizeBytes,
      ...(found.bitmap === undefined ? {} : { bitmap: found.bitmap }),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  }

  async end(): Promise<readonly CaptureEnd[]> {
    await this.#made.disposeAsync();
    return this.spec.disks.map(({ diskId }) => ({ diskId, state: "clean" as const }));
  }
}

const prepare = async (
  spec: LiveCaptureSpec,
  disk: CapturedDisk,
  parts: LiveCaptureParts & { readonly undo: AsyncDisposableStack },
): Promise<LiveDisk> => {
  const { daemon } = parts;
  const node = daemon.get(disk.volumeId);
  const { sizeBytes, bitmaps } = await daemon.inspect(node);
  const fault = trackingFault(bitmaps, disk.since ?? []);
  if (fault !== undefined) throw new HoldfastError("CAPTURE_FAILED", `disk ${disk.diskId}: ${fault}`);
  const [scratch, job] = [await addScratch(node, sizeBytes, parts), daemon.newName("j")];
  const bitmap = disk.since ? `${captureBitmapPrefix}${spec.id}` : undefined;
  const checkpoint = disk.newCheckpointId;
  const parent = recordingOf(bitmaps)[0]?.name;
  return {
    disk,
    node,
    scratch,
    job,
    sizeBytes,
    exportId: daemon.newName("e"),
    exportName: `capture-${spec.id}-${disk.diskId}`,
    ...(bitmap === undefined ? {} : { bitmap }),
    actions: [
      ...(bitmap === undefined ? [] : gather({ node, name: bitmap }, disk.since ?? [], false)),
      ...(checkpoint === undefined ? [] : beginCheckpoint(node, bitmaps, checkpoint)),
      { type: "blockdev-backup", data: { device: node.name, target: scratch, sync: "none", "job-id": job } },
    ],
    rollBack: async () => {
      if (checkpoint === undefined) return;
      const now = (await daemon.inspect(node)).bitmaps;
      await daemon.transaction(dropCheckpoint(node, now, { checkpoint, parent }));
    },
  };
};

const addScratch = async (
  node: VolumeNode,
  sizeBytes: number,
  parts: LiveCaptureParts & { readonly undo: AsyncDisposableStack },
): Promise<string> => {
  const { daemon, undo } = parts;
  const [name, fileNode] = [daemon.newName("s"), daemon.newName("f")];
  const path = join(parts.runDir, `${daemon.child.pid}-${name}.qcow2`);
  undo.defer(() => rm(path, { force: true }));
  await runTool("qemu-img", ["create", "-q", "-f", "qcow2", path, String(sizeBytes)]);
  await daemon.execute("blockdev-add", { driver: "file", "node-name": fileNode, filename: path });
  undo.defer(() => whileAlive(daemon, () => daemon.execute("blockdev-del", { "node-name": fileNode })));
  await daemon.execute("blockdev-add", { driver: "qcow2", "node-name": name, file: fileNode, backing: node.name });
  undo.defer(() => whileAlive(daemon, () => daemon.execute("blockdev-del", { "node-name": name })));
  return name;
};

const serve = async (daemon: StorageDaemon, disk: LiveDisk, undo: AsyncDisposableStack): Promise<void> => {
  await daemon.execute("block-export-add", {
    type: "nbd",
    id: disk.exportId,
    "node-name": disk.scratch,
    name: disk.exportName,
    writable: false,
    bitmaps: disk.bitmap === undefined ? [] : [disk.bitmap],
  });
  undo.defer(() => whileAlive(daemon, () => daemon.removeExport(disk.exportId)));
};

const stopJobs = (daemon: StorageDaemon, disks: readonly LiveDisk[]): Promise<void> =>
  whileAlive(daemon, async () => {
    for (const { job, node, bitmap } of disks) {
      const ended = daemon.next("JOB_STATUS_CHANGE", { id: job, status: "null" });
      await daemon.execute("block-job-cancel", { device: job });
      await ended;
      if (bitmap !== undefined) await daemon.transaction([removeBitmap({ node, name: bitmap })]);
    }
  });

/** The VM's end takes all of it away, also in the middle of taking it away. */
const whileAlive = async (daemon: StorageDaemon, work: () => Promise<unknown>): Promise<void> => {
  try {
    if (daemon.child.alive) await work();
  } catch (caught) {
    if (daemon.child.alive) throw caught;
  }
};
