import type { BaseDisk, DiskRange } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { parseCompression } from "@holdfast/shared/format/codec";
import { fromHex } from "@holdfast/shared/format/content-id";
import { encodeManifest } from "@holdfast/shared/format/manifest";
import type { ClearDisk } from "@holdfast/shared/format/manifest-schema";
import { parseRepositoryId } from "@holdfast/shared/format/repository-id";
import { toOpeningKeys, toSealingKeys } from "@holdfast/shared/keys/keys-message";
import { openReading, type Reading } from "@holdfast/shared/reading/open-reading";
import { trustedDisk } from "@holdfast/shared/reading/trusted-disk";
import { sibling } from "@holdfast/shared/threads/sibling";
import { WorkerThread } from "@holdfast/shared/threads/worker-thread";
import { isBalanced, sumAccounts } from "../backup/disk-tally.ts";
import { PageSender } from "../backup/page-sender.ts";
import { type LaneCalls, LanePool } from "../lanes/lane-pool.ts";
import { chunksPerRun, requestsPerLane } from "../lanes/lane-room.ts";
import { commitHealing } from "../repository/commit-healing.ts";
import { openUpload, type OpenedUpload, type Upload } from "../repository/open-upload.ts";
import { openRepositoryConnection, type RepositoryCalls } from "../repository/repository-access.ts";
import { openPatiently, throughRestarts } from "../repository/through-restarts.ts";
import { buildCopiedManifest, parseSourceManifest, type SourceManifest } from "./copied-manifest.ts";
import { CopyDisk, type CopyParts } from "./copy-disk.ts";
import type { CopyLaneAnswer, CopyLaneRequest, CopyLaneStart } from "./copy-messages.ts";
import type { CopyTask } from "./copy-task.ts";

const restarts = {
  words: "a repository went away: opening reading and upload again",
  codes: ["READING_UNKNOWN"],
} as const;

/**
 * Copies one point into another repository and commits; answers the copy's id. Only what the target lacks is sent, and
 * where both keep chunks alike only that is read; so an attempt after one that was broken off does the rest.
 */
export const copyPoint = (task: CopyTask, signal: AbortSignal): Promise<string> =>
  throughRestarts({ ...restarts, log: task.log }, () => copyOnce(task, signal), signal);

const copyOnce = async (task: CopyTask, signal: AbortSignal): Promise<string> => {
  await using source = openRepositoryConnection(task.source);
  await using target = openRepositoryConnection(task.target);
  const manifest = parseSourceManifest(task);
  const opened = await openTarget(task, { calls: target.calls, manifest }, signal);
  if (opened.state === "committed") return opened.point.pointId;
  await using upload = opened.upload;
  await using reading = await openPatiently(
    task.clock,
    (each) => openReading(source.calls, task.orders.pointId, each),
    signal,
  );
  const inner = AbortSignal.any([signal, upload.ended, reading.ended]);
  try {
    return await fill({ task, manifest, source: source.calls, target: target.calls, upload, reading }, inner);
  } catch (caught) {
    signal.throwIfAborted();
    upload.ended.throwIfAborted();
    reading.ended.throwIfAborted();
    throw caught;
  }
};

interface OpenCopy {
  readonly task: CopyTask;
  readonly manifest: SourceManifest;
  readonly source: RepositoryCalls;
  readonly target: RepositoryCalls;
  readonly upload: Upload;
  readonly reading: Reading;
}

const fill = async (copy: OpenCopy, signal: AbortSignal): Promise<string> => {
  const { task, manifest, reading } = copy;
  await using pool = openPool(copy);
  const parts = partsOf(copy, pool);
  task.board.phase = "reading";
  const disks = reading.disks.flatMap((disk) => {
    const clear = manifest.clear.disks.find(({ diskId }) => diskId === disk.diskId);
    return clear === undefined ? [] : [new CopyDisk(parts, requireSame(reading, disk, clear), clear)];
  });
  for (const disk of disks) await disk.run(signal);
  task.board.phase = "committing";
  return await commit(copy, disks, signal);
};

/** The disk that the manifest names, and no other that the source gives in its place. REPOSITORY_DAMAGED. */
const requireSame = (reading: Reading, { diskId, sizeBytes }: BaseDisk, clear: ClearDisk): BaseDisk => {
  if (Number(sizeBytes) === clear.sizeBytes) return trustedDisk(reading, { diskId, root: fromHex(clear.root) });
  const message = `the source gives disk ${diskId} ${sizeBytes} bytes, and the point's manifest ${clear.sizeBytes}`;
  throw new HoldfastError("REPOSITORY_DAMAGED", message, { details: { diskId } });
};

const commit = async (copy: OpenCopy, disks: readonly CopyDisk[], signal: AbortSignal): Promise<string> => {
  const { task, target: calls, upload } = copy;
  const { log, attempt, orders } = task;
  const manifest = (): Uint8Array => encodeManifest(manifestOf(copy, disks), toSealingKeys(orders.keys));
  const heal = (ranges: readonly DiskRange[]): Promise<void> => sendAgain(disks, ranges, signal);
  const { pointId } = await commitHealing({ calls, uploadId: upload.uploadId, attempt, manifest, heal, log }, signal);
  return pointId;
};

const sendAgain = async (
  disks: readonly CopyDisk[],
  ranges: readonly DiskRange[],
  signal: AbortSignal,
): Promise<void> => {
  const named = new Set(ranges.map(({ diskId }) => diskId));
  for (const disk of disks.filter(({ diskId }) => named.has(diskId))) await disk.run(signal);
};

const manifestOf = ({ task, manifest, upload }: OpenCopy, disks: readonly CopyDisk[]) => {
  const account = sumAccounts(disks.map((disk) => disk.account()));
  if (!isBalanced(account))
    throw new HoldfastError("BYTES_UNBALANCED", `attempt ${task.attempt.attemptId} does not balance`, {
      details: { ...account },
    });
  const stated = new Map(disks.map((disk) => [disk.diskId, disk.stated()]));
  const all = manifest.clear.disks.map((disk) => {
    const copied = stated.get(disk.diskId);
    if (copied !== undefined || disk.mode === "skipped") return copied ?? disk;
    throw new HoldfastError("POINT_HURT", `the source does not give disk ${disk.diskId} of the point`);
  });
  return buildCopiedManifest(task, manifest, { chunkSize: upload.chunkSize, disks: all, account });
};

const openTarget = (
  task: CopyTask,
  { calls, manifest }: { readonly calls: RepositoryCalls; readonly manifest: SourceManifest },
  signal: AbortSignal,
): Promise<OpenedUpload> =>
  openPatiently(
    task.clock,
    (each) =>
      openUpload(
        calls,
        {
          attempt: { ...task.attempt },
          vm: manifest.clear.vm,
          basePointId: "",
          repositoryId: task.target.repositoryId,
          installationId: "",
        },
        each,
      ),
    signal,
  );

const openPool = (copy: OpenCopy): LanePool<CopyLaneRequest, CopyLaneAnswer> => {
  const start = laneStartOf(copy);
  const open = (): WorkerThread<LaneCalls<CopyLaneRequest, CopyLaneAnswer>> =>
    new WorkerThread(sibling(import.meta, "copy-worker"), { start, ending: "terminate" });
  return new LanePool(open, requestsPerLane);
};

const laneStartOf = ({ task, upload, reading }: OpenCopy): CopyLaneStart => {
  const { orders, source, target } = task;
  const { readingId, chunkSize } = reading;
  return {
    source,
    target,
    from: { readingId, chunkSize, keys: toOpeningKeys(orders.sourceKeys) },
    to: {
      uploadId: upload.uploadId,
      repositoryId: parseRepositoryId(target.repositoryId),
      chunkSize: upload.chunkSize,
      compression: parseCompression(orders.codec),
      keys: toSealingKeys(orders.keys),
    },
  };
};

const partsOf = (copy: OpenCopy, pool: CopyParts["pool"]): CopyParts => {
  const { task, reading, source, target, upload } = copy;
  const { from, to } = laneStartOf(copy);
  const larger = reading.chunkSize > upload.chunkSize ? reading.chunkSize : upload.chunkSize;
  const chunks = 2 ** Math.floor(Math.log2(chunksPerRun(task.room, larger)));
  return {
    task,
    reading,
    source,
    pool,
    pages: new PageSender({ calls: target, ...to }),
    chunkSize: upload.chunkSize,
    sourceIdKey: from.keys?.idKey,
    idKey: to.keys?.idKey,
    runBytes: chunks * larger,
  };
};
