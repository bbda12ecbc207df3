import type { BaseDisk, DiskRange } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import { parseCompression } from "@holdfast/shared/format/codec";
import { fromHex } from "@holdfast/shared/format/content-id";
import { encodeManifest } from "@holdfast/shared/format/manifest";
import type { ClearDisk } from "@holdfast/shared/format/manifest-schema";
import { parseRepositoryId } from "@holdfast/shared/format/repository-id";
import { toOpeningKeys, toSealingKeys } from "@holdfast/shared/keys/keys-message";
import { openReading, type Reading } from "@holdfast/shared/reading/open-reading";
import { trustedDisk } from "@holdfast/shared/reading/trusted-disk";
import { retry } from "@holdfast/shared/retry/retry";
import { sibling } from "@holdfast/shared/threads/sibling";
import { WorkerThread } from "@holdfast/shared/threads/worker-thread";
import { isBalanced, sumAccounts } from "../backup/disk-tally.ts";
import { PageSender } from "../backup/page-sender.ts";
import { type LaneCalls, LanePool } from "../lanes/lane-pool.ts";
import { chunksPerRun, requestsPerLane } from "../lanes/lane-room.ts";
import { commitUpload, openUpload, type OpenedUpload, type Upload } from "../repository/open-upload.ts";
import { openRepositoryConnection, type RepositoryCalls } from "../repository/repository-access.ts";
import { buildCopiedManifest, parseSourceManifest, type SourceManifest } from "./copied-manifest.ts";
import { CopyDisk, type CopyParts } from "./copy-disk.ts";
import type { CopyLaneAnswer, CopyLaneRequest, CopyLaneStart } from "./copy-messages.ts";
import type { CopyTask } from "./copy-task.ts";

/** Times that one attempt begins anew because a repository restarted under it. */
const mostTries = 4;
/** A repository that restarts is waited for about half a minute. */
const opening = { attempts: 8, firstMs: 250, maxMs: 10_000 };
/** A commit that asks to send again and again is given up. */
const mostHeals = 5;

/**
 * Copies one point into another repository and commits; answers the copy's id. Only what the target lacks is sent, and
 * where both keep chunks alike only that is read; so an attempt after one that was broken off does the rest.
 */
export const copyPoint = async (task: CopyTask, signal: AbortSignal): Promise<string> => {
  for (let number = 1; ; number += 1) {
    try {
      return await copyOnce(task, signal);
    } catch (caught) {
      signal.throwIfAborted();
      if (!hasCode(caught, "UNAVAILABLE", "UPLOAD_UNKNOWN", "READING_UNKNOWN", "REPOSITORY_NOT_OWNED")) throw caught;
      if (number === mostTries) throw unreachable(caught);
      task.log.warn("a repository went away: opening reading and upload again", { err: caught });
    }
  }
};

const copyOnce = async (task: CopyTask, signal: AbortSignal): Promise<string> => {
  await using source = openRepositoryConnection(task.source);
  await using target = openRepositoryConnection(task.target);
  const manifest = parseSourceManifest(task);
  const opened = await openTarget(task, { calls: target.calls, manifest }, signal);
  if (opened.state === "committed") return opened.point.pointId;
  await using upload = opened.upload;
  await using reading = await patiently(task, signal, (each) => openReading(source.calls, task.orders.pointId, each));
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
  const { task, target, upload } = copy;
  for (let heals = 0; heals <= mostHeals; heals += 1) {
    const manifest = encodeManifest(manifestOf(copy, disks), toSealingKeys(task.orders.keys));
    const request = { uploadId: upload.uploadId, attempt: task.attempt, manifest };
    const { result } = await commitUpload(target, request, signal);
    if (result.case === "committed") return result.value.pointId;
    if (result.case !== "heal")
      throw new HoldfastError("STREAM_REFUSED", "the repository answered a commit with nothing");
    task.log.warn("the target lost chunks meanwhile: sending them", { ranges: result.value.ranges.length });
    await sendAgain(disks, result.value.ranges, signal);
  }
  throw new HoldfastError("CHUNK_MISSING", `the repository lost chunks ${mostHeals} times during one commit`);
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
  patiently(task, signal, (each) =>
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
  );

const patiently = async <T>(
  { clock }: CopyTask,
  signal: AbortSignal,
  open: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const isRetryable = (caught: unknown): boolean => hasCode(caught, "UNAVAILABLE");
  try {
    return await retry(opening, signal, open, { clock, isRetryable });
  } catch (caught) {
    signal.throwIfAborted();
    throw isRetryable(caught) ? unreachable(caught) : caught;
  }
};

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

const unreachable = (cause: unknown): HoldfastError =>
  new HoldfastError(
    "REPOSITORY_UNREACHABLE",
    `the repository cannot be reached: ${HoldfastError.from(cause).message}`,
    { cause },
  );
