import type { DiskRange, HealedPoints } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import { parseCompression } from "@holdfast/shared/format/codec";
import { encodeManifest } from "@holdfast/shared/format/manifest";
import { parseRepositoryId } from "@holdfast/shared/format/repository-id";
import { toSealingKeys } from "@holdfast/shared/keys/keys-message";
import { sibling } from "@holdfast/shared/threads/sibling";
import { WorkerThread } from "@holdfast/shared/threads/worker-thread";
import { type LaneCalls, LanePool } from "../lanes/lane-pool.ts";
import { chunksPerRun, requestsPerLane } from "../lanes/lane-room.ts";
import { LeafSource } from "@holdfast/shared/reading/leaf-source";
import { commitHealing, type Committed } from "../repository/commit-healing.ts";
import { openUpload, type OpenedUpload, type Upload } from "../repository/open-upload.ts";
import { openRepositoryConnection, type RepositoryCalls } from "../repository/repository-access.ts";
import { openPatiently, throughRestarts } from "../repository/through-restarts.ts";
import type { BackupEnd, BackupTask } from "./backup-task.ts";
import { buildManifest } from "./build-manifest.ts";
import { DiskBackup, type UploadParts } from "./disk-backup.ts";
import { isBalanced, sumAccounts } from "./disk-tally.ts";
import type { LaneAnswer, LaneRequest, LaneStart } from "./lane-messages.ts";
import { OpenedDisks } from "./opened-disks.ts";
import { PageSender } from "./page-sender.ts";
import type { Remark } from "./remark.ts";

/** Disks stay open while the repository restarts under the attempt. */
const restarts = { words: "the repository went away: opening the upload again", codes: [] };

/**
 * Backs one VM up and commits. When the repository goes away in the middle the same attempt opens its upload again, reads
 * again, and sends what is missing; if it had committed it learns so and succeeds.
 */
export const backUp = async (task: BackupTask, signal: AbortSignal): Promise<BackupEnd> => {
  await using disks = new OpenedDisks({ openById: task.openDisk, clock: task.clock, log: task.log });
  return await throughRestarts(
    { ...restarts, log: task.log },
    async () => {
      await disks.restAll();
      const end = await backUpOnce(task, disks, signal);
      await disks.close(true);
      return end;
    },
    signal,
  );
};

const backUpOnce = async (task: BackupTask, disks: OpenedDisks, signal: AbortSignal): Promise<BackupEnd> => {
  await using connection = openRepositoryConnection(task.repository);
  const { opened, basePointId, remarks } = await openOnBase(task, connection.calls, signal);
  if (opened.state === "committed") return { pointId: opened.point.pointId, remarks };

  await using upload = opened.upload;
  const inner = AbortSignal.any([signal, upload.ended]);
  try {
    return await fillUpload({ task, calls: connection.calls, upload, disks, basePointId, remarks }, inner);
  } catch (caught) {
    signal.throwIfAborted();
    upload.ended.throwIfAborted();
    throw caught;
  }
};

interface FilledUpload {
  readonly task: BackupTask;
  readonly calls: RepositoryCalls;
  readonly upload: Upload;
  readonly disks: OpenedDisks;
  readonly basePointId: string | undefined;
  readonly remarks: readonly Remark[];
}

const fillUpload = async (filled: FilledUpload, signal: AbortSignal): Promise<BackupEnd> => {
  const { task, calls, upload, disks } = filled;
  await using pool = openPool(task, upload);
  const parts: UploadParts = {
    task,
    upload,
    disks,
    pool,
    pages: new PageSender({ calls, ...targetOf(task, upload) }),
    idKey: toSealingKeys(task.orders.keys)?.idKey,
    runChunks: chunksPerRun(task.room, upload.chunkSize),
    leavesOf: (diskId) => new LeafSource(calls, { case: "uploadId", value: upload.uploadId }, diskId),
  };
  task.board.phase = "reading";
  const backups = task.orders.disks.map((disk) => new DiskBackup(parts, disk));
  for (const backup of backups) await backup.run(signal);

  task.board.phase = "committing";
  const { pointId, healed } = await commit(filled, backups, signal);
  const remarks = [...filled.remarks, ...backups.flatMap((backup) => backup.remarks), ...healRemarks(backups, healed)];
  return { pointId, remarks };
};

const commit = (filled: FilledUpload, backups: readonly DiskBackup[], signal: AbortSignal): Promise<Committed> => {
  const { task, calls, upload } = filled;
  const { log, attempt, orders } = task;
  const manifest = (): Uint8Array => encodeManifest(manifestOf(filled, backups), toSealingKeys(orders.keys));
  const healed = (ranges: readonly DiskRange[]): Promise<void> => heal(backups, ranges, signal);
  return commitHealing({ calls, uploadId: upload.uploadId, attempt, manifest, heal: healed, log }, signal);
};

/** What was read again, and what that did to older points; nothing when nothing was lost. */
const healRemarks = (backups: readonly DiskBackup[], healed: HealedPoints | undefined): readonly Remark[] => {
  const chunks = backups.reduce((sum, backup) => sum + backup.healedChunks, 0);
  if (chunks === 0) return [];
  const { healedPoints, hurtPoints } = healed ?? { healedPoints: 0, hurtPoints: 0 };
  const message = `the repository had lost ${chunks} chunks of the base: they were read again; ${healedPoints} points are whole again, ${hurtPoints} older points of the VM stay hurt`;
  return [{ code: "CHUNKS_HEALED", message, diskId: "" }];
};

const heal = async (
  backups: readonly DiskBackup[],
  ranges: readonly DiskRange[],
  signal: AbortSignal,
): Promise<void> => {
  for (const backup of backups) await backup.heal(ranges, signal);
};

const manifestOf = (
  { task, upload, basePointId }: FilledUpload,
  backups: readonly DiskBackup[],
): ReturnType<typeof buildManifest> => {
  const account = sumAccounts(backups.map((backup) => backup.account()));
  if (!isBalanced(account)) {
    throw new HoldfastError("BYTES_UNBALANCED", `attempt ${task.attempt.attemptId} does not balance`, {
      details: { ...account },
    });
  }
  const disks = backups.map((backup) => backup.outcome());
  return buildManifest({
    attempt: task.attempt,
    orders: task.orders,
    chunkSize: upload.chunkSize,
    basePointId,
    disks,
    account,
  });
};

interface OpenedOnBase {
  readonly opened: OpenedUpload;
  readonly basePointId: string | undefined;
  readonly remarks: readonly Remark[];
}

/** Opens the upload on its base, or on none when the base cannot be built on any more (R3). */
const openOnBase = async (task: BackupTask, calls: RepositoryCalls, signal: AbortSignal): Promise<OpenedOnBase> => {
  const { basePointId } = task.orders;
  try {
    return {
      opened: await openUploadOn(task, { calls, basePointId }, signal),
      basePointId: basePointId === "" ? undefined : basePointId,
      remarks: [],
    };
  } catch (caught) {
    if (basePointId === "" || !hasCode(caught, "POINT_NOT_FOUND", "POINT_HURT")) throw caught;
    const message = `point ${basePointId} cannot be built on: ${HoldfastError.from(caught).message}`;
    const remark: Remark = { code: "BASE_UNUSABLE", message, diskId: "" };
    return {
      opened: await openUploadOn(task, { calls, basePointId: "" }, signal),
      basePointId: undefined,
      remarks: [remark],
    };
  }
};

const openUploadOn = (
  { attempt, orders, clock }: BackupTask,
  { calls, basePointId }: { readonly calls: RepositoryCalls; readonly basePointId: string },
  signal: AbortSignal,
): Promise<OpenedUpload> => {
  const { vm, repository, context } = orders;
  const request = {
    attempt: { ...attempt },
    vm: { engineInstanceId: vm?.engineInstanceId ?? "", vmId: vm?.vmId ?? "" },
    basePointId,
    repositoryId: repository?.repositoryId ?? "",
    installationId: context?.installationId ?? "",
  };
  return openPatiently(clock, (each) => openUpload(calls, request, each), signal);
};

const openPool = (task: BackupTask, upload: Upload): LanePool<LaneRequest, LaneAnswer> => {
  const start: LaneStart = { repository: task.repository, chunkSize: upload.chunkSize, ...targetOf(task, upload) };
  const open = (): WorkerThread<LaneCalls<LaneRequest, LaneAnswer>> =>
    new WorkerThread(sibling(import.meta, "lane-worker"), { start, ending: "terminate" });
  return new LanePool(open, requestsPerLane);
};

const targetOf = (
  { orders }: BackupTask,
  { uploadId }: Upload,
): Pick<LaneStart, "uploadId" | "repositoryId" | "compression" | "keys"> => ({
  uploadId,
  repositoryId: parseRepositoryId(orders.repository?.repositoryId ?? ""),
  compression: parseCompression(orders.codec),
  keys: toSealingKeys(orders.keys),
});
