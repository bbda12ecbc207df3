import { create } from "@bufbuild/protobuf";
import { type BackupDisk, BackupOrdersSchema, RestoreOrdersSchema } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import { systemClock } from "@holdfast/shared/clock/clock";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { fromOpeningKeys, fromSealingKeys } from "@holdfast/shared/keys/keys-message";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { backUp } from "../backup/back-up.ts";
import type { AttemptKey, BackupEnd } from "../backup/backup-task.ts";
import { ProgressBoard } from "../claims/progress-board.ts";
import { routes } from "../disks/disk-reader.ts";
import { openDisk } from "../disks/open-disk.ts";
import { imageDesk } from "../disks/testing/image-desk.ts";
import { type ImageServer, type ImageServerOptions, openImageServer } from "../imageio/testing/image-server.ts";
import { makeTestIdentity } from "../imageio/testing/test-identity.ts";
import { restore } from "../restore/restore.ts";
import type { RepositoryProcess } from "./repository-process.ts";

/** One disk of a test's VM, as it is at the moment of a backup. */
export interface BenchDisk extends Pick<ImageServerOptions, "extents" | "maxReaders" | "misbehave"> {
  readonly diskId: string;
  readonly disk: Buffer;
  readonly mode: BackupDisk["mode"];
  readonly checksTracking?: boolean;
}

/** What one backup of a test is told. */
export interface BenchBackup {
  readonly attempt: AttemptKey;
  readonly disks: readonly BenchDisk[];
  readonly basePointId?: string;
  readonly sampleChunks?: number;
  readonly codec?: string;
  readonly signal?: AbortSignal;
  readonly board?: ProgressBoard;
}

/** What a test sees of a backup. */
export interface BenchEnd extends BackupEnd {
  readonly board: ProgressBoard;
  /** Bytes that imageio served for each disk. */
  readonly served: ReadonlyMap<string, number>;
  /** How disks were given back: true for as done. */
  readonly closed: readonly boolean[];
}

const identity = makeTestIdentity();
const room = { lanes: 2, laneBytes: 48 * 1024 * 1024 };
const where = { hostName: "", reachableHosts: ["*"], routes };
const vm = { engineInstanceId: "engine", vmId: "vm-1", name: "web" };

/** Backs up disks that are served from memory. */
export const benchBackUp = async (repository: RepositoryProcess, backup: BenchBackup): Promise<BenchEnd> => {
  const { attempt, signal = new AbortController().signal, board = new ProgressBoard() } = backup;
  await using servers = new AsyncDisposableStack();
  const images = new Map<string, ImageServer>();
  for (const { diskId, mode: _mode, checksTracking: _checks, ...options } of backup.disks) {
    images.set(diskId, servers.use(await openImageServer({ identity: await identity, ...options })));
  }
  const closed: boolean[] = [];
  const { taskId, attemptId } = attempt;
  const end = await backUp(
    {
      attempt,
      orders: ordersOf(repository, backup),
      repository: repository.access({
        operation: "backup",
        taskId,
        attemptNumber: attempt.number,
        attemptId,
        engineInstanceId: vm.engineInstanceId,
        vmId: vm.vmId,
      }),
      openDisk: (diskId, each) => {
        const image = images.get(diskId);
        const size = backup.disks.find((disk) => disk.diskId === diskId)?.disk.byteLength;
        if (image === undefined || size === undefined) throw new Error(`no disk ${diskId}`);
        return openDisk(
          diskId,
          {
            desk: imageDesk(image, size, closed),
            where,
            identity: repository.agent,
            clock: systemClock,
            taskId,
            attemptId,
          },
          each,
        );
      },
      room,
      board,
      clock: systemClock,
      random: systemRandom,
      log: memoryLogger(),
    },
    signal,
  );
  return {
    ...end,
    board,
    closed,
    served: new Map([...images].map(([diskId, image]) => [diskId, image.servedBytes()])),
  };
};

/** Restores disks of a point into memory. */
export const benchRestore = async (
  repository: RepositoryProcess,
  pointId: string,
  disks: readonly { readonly diskId: string; readonly size: number; readonly root?: Uint8Array }[],
): Promise<ReadonlyMap<string, Buffer>> => {
  await using servers = new AsyncDisposableStack();
  const targets = new Map<string, { readonly image: ImageServer; readonly disk: Buffer }>();
  for (const { diskId, size } of disks) {
    const disk = Buffer.alloc(size);
    targets.set(`new-${diskId}`, {
      disk,
      image: servers.use(await openImageServer({ identity: await identity, disk })),
    });
  }
  await restore(
    {
      orders: create(RestoreOrdersSchema, {
        repository: { repositoryId: repository.repositoryId, address: repository.address },
        pointId,
        ...(repository.keys && { keys: fromOpeningKeys(repository.keys.opening) }),
        disks: disks.map(({ diskId, size, root = new Uint8Array() }) => ({
          diskId,
          targetDiskId: `new-${diskId}`,
          sizeBytes: BigInt(size),
          root,
        })),
      }),
      repository: repository.access({ operation: "restore", pointId }),
      openDisk: (diskId, signal) => {
        const target = targets.get(diskId);
        if (target === undefined) throw new Error(`no disk ${diskId}`);
        const desk = imageDesk(target.image, target.disk.byteLength);
        return openDisk(
          diskId,
          { desk, where, identity: repository.agent, clock: systemClock, taskId: "restore", attemptId: "a" },
          signal,
        );
      },
      room,
      board: new ProgressBoard(),
      clock: systemClock,
      log: memoryLogger(),
    },
    new AbortController().signal,
  );
  return new Map(disks.map(({ diskId }) => [diskId, targets.get(`new-${diskId}`)?.disk ?? Buffer.alloc(0)]));
};

const ordersOf = (
  { repositoryId, address, keys }: RepositoryProcess,
  { disks, basePointId = "", sampleChunks = 4, codec = "zstd" }: BenchBackup,
) =>
  create(BackupOrdersSchema, {
    repository: { repositoryId, address },
    vm,
    basePointId,
    codec,
    sampleChunks,
    ...(keys && { keys: fromSealingKeys(keys.sealing) }),
    disks: disks.map(({ diskId, disk, mode, checksTracking = false }) => ({
      diskId,
      alias: diskId,
      sizeBytes: BigInt(disk.byteLength),
      mode,
      checksTracking,
      reason: "test",
      format: "cow",
      interface: "virtio_scsi",
    })),
    context: {
      sessionId: "session",
      jobId: "job",
      jobName: "nightly",
      capture: "hybrid",
      consistency: "crash",
      managerName: "m",
      clusterName: "c",
      configurationJson: "{}",
    },
  });
