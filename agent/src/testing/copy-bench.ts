import { create } from "@bufbuild/protobuf";
import { CopyOrdersSchema } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import { type PointSummary, RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { systemClock } from "@holdfast/shared/clock/clock";
import { decodeManifest, type Manifest } from "@holdfast/shared/format/manifest";
import type { ClearDisk } from "@holdfast/shared/format/manifest-schema";
import { testInstallation } from "@holdfast/shared/identity/testing/test-installation";
import { trustNumberHeader } from "@holdfast/shared/identity/trust-number";
import { fromOpeningKeys, fromSealingKeys } from "@holdfast/shared/keys/keys-message";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { openRpcClient } from "@holdfast/shared/rpc/client";
import { clientCredentials } from "@holdfast/shared/rpc/credentials";
import type { AttemptKey } from "../backup/backup-task.ts";
import { ProgressBoard } from "../claims/progress-board.ts";
import { copyPoint } from "../copy/copy-point.ts";
import { expect } from "vitest";
import { type BenchDisk, benchRestore } from "./backup-bench.ts";
import type { RepositoryProcess } from "./repository-process.ts";
import { fillBlock, zeroExtents } from "./test-disk.ts";

/** What one copy of a test is told. */
export interface BenchCopy {
  readonly attempt: AttemptKey;
  readonly pointId: string;
  readonly from: RepositoryProcess;
  readonly to: RepositoryProcess;
  readonly board?: ProgressBoard;
  readonly signal?: AbortSignal;
  /** What the manifest says of the point's disks, in place of what it does. */
  readonly disk?: Partial<ClearDisk>;
}

const MiB = 1024 * 1024;

/** So little that a copy takes many requests. */
const room = { lanes: 1, laneBytes: 6 * MiB };

/** Copies a point as an agent does; answers its id at the target. */
export const benchCopy = async ({ attempt, pointId, from, to, board, signal, disk }: BenchCopy): Promise<string> => {
  const { manifest } = await pointOf(from, pointId);
  const { repositoryId } = from;
  const origin = { originRepositoryId: repositoryId, originPointId: pointId };
  const { engineInstanceId, vmId } = manifest.clear.vm;
  const { taskId, number: attemptNumber, attemptId } = attempt;
  const claims = { taskId, attemptNumber, attemptId, engineInstanceId, vmId };
  const orders = create(CopyOrdersSchema, {
    source: { repositoryId, address: from.address },
    pointId,
    target: { repositoryId: to.repositoryId, address: to.address },
    codec: "zstd",
    ...origin,
    clearPart: JSON.stringify({ ...manifest.clear, disks: manifest.clear.disks.map((one) => ({ ...one, ...disk })) }),
    sealedPart: JSON.stringify(manifest.sealed),
    ...(from.keys && { sourceKeys: fromOpeningKeys(from.keys.opening) }),
    ...(to.keys && { keys: fromSealingKeys(to.keys.sealing) }),
  });
  return await copyPoint(
    {
      attempt,
      orders,
      source: from.access({ operation: "restore", pointId }),
      target: to.access({ operation: "copy", ...claims, originRepositoryId: repositoryId, pointId }),
      room,
      board: board ?? new ProgressBoard(),
      clock: systemClock,
      log: memoryLogger(),
    },
    signal ?? new AbortController().signal,
  );
};

/** A point as the controller is told of it. */
export const pointOf = async (
  { address, keys }: RepositoryProcess,
  pointId: string,
): Promise<{ readonly summary: PointSummary; readonly manifest: Manifest }> => {
  const controller = await (await testInstallation()).identity("controller", "main");
  await using client = openRpcClient(address, clientCredentials(controller, { role: "repository" }), {
    metadata: () => ({ [trustNumberHeader]: "1000" }),
  });
  const pieces: Uint8Array[] = [];
  let summary: PointSummary | undefined;
  for await (const { part } of client.service(RepositoryService).getPoint({ pointId })) {
    if (part.case === "point") summary = part.value;
    if (part.case === "manifestPiece") pieces.push(part.value);
  }
  if (summary === undefined) throw new Error(`no point ${pointId}`);
  return { summary, manifest: decodeManifest(Buffer.concat(pieces), keys?.manifestKeys) };
};

/** A disk of which every other 2 MiB are content that repeats nowhere. */
export const halfFilledDisk = (seed: string, bytes = 12 * MiB + 512): Buffer => {
  const disk = Buffer.alloc(bytes);
  for (let at = 0; at < disk.byteLength; at += 64 * 1024)
    if (Math.floor(at / (2 * MiB)) % 2 === 0) fillBlock(disk, at, seed);
  return disk;
};

/** A disk that is backed up whole. */
export const fullDisk = (diskId: string, disk: Buffer): BenchDisk => ({
  diskId,
  disk,
  mode: "full",
  extents: { zero: zeroExtents(disk) },
});

/** What a copy read at the source and stored at the target so far. */
export const bytesOf = (board: ProgressBoard): { readonly read: number; readonly stored: number } => {
  const disks = board.snapshot().disks ?? [];
  const sum = (of: (disk: (typeof disks)[number]) => bigint | undefined): number =>
    disks.reduce((total, disk) => total + Number(of(disk) ?? 0n), 0);
  return { read: sum(({ readBytes }) => readBytes), stored: sum(({ storedBytes }) => storedBytes) };
};

/** Restores the disks of a point and compares them. */
export const expectRestored = async (
  repository: RepositoryProcess,
  pointId: string,
  disks: Readonly<Record<string, Buffer>>,
): Promise<void> => {
  const sizes = Object.entries(disks).map(([diskId, { byteLength: size }]) => ({ diskId, size }));
  const restored = await benchRestore(repository, pointId, sizes);
  for (const [diskId, disk] of Object.entries(disks)) expect(restored.get(diskId)?.equals(disk), diskId).toBe(true);
};
