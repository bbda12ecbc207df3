import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { ChunkSize } from "@holdfast/shared/format/chunk-size";
import { toOpeningKeys } from "@holdfast/shared/keys/keys-message";
import { openReading } from "@holdfast/shared/reading/open-reading";
import { retry } from "@holdfast/shared/retry/retry";
import { sibling } from "@holdfast/shared/threads/sibling";
import { WorkerThread } from "@holdfast/shared/threads/worker-thread";
import { type LaneCalls, LanePool } from "../lanes/lane-pool.ts";
import { type LaneRoom, requestsPerLane } from "../lanes/lane-room.ts";
import { openRepositoryConnection } from "../repository/repository-access.ts";
import { restoreDisk } from "./restore-disk.ts";
import type { RestoreLaneAnswer, RestoreLaneRequest, RestoreLaneStart } from "./restore-messages.ts";
import type { RestoreTask } from "./restore-task.ts";

const opening = { attempts: 8, firstMs: 250, maxMs: 10_000 };
const largestWrite = 8 * 1024 * 1024;

/** Writes disks of a restore point into new disks. When it resolves all of them are durable. */
export const restore = async (task: RestoreTask, signal: AbortSignal): Promise<void> => {
  await using connection = openRepositoryConnection(task.repository);
  const { calls } = connection;
  const isRetryable = (caught: unknown): boolean => hasCode(caught, "UNAVAILABLE");
  try {
    await using reading = await retry(opening, signal, (each) => openReading(calls, task.orders.pointId, each), {
      clock: task.clock,
      isRetryable,
    });
    const inner = AbortSignal.any([signal, reading.ended]);
    const { readingId, chunkSize } = reading;
    const start: RestoreLaneStart = {
      repository: task.repository,
      readingId,
      chunkSize,
      keys: toOpeningKeys(task.orders.keys),
      writeBytes: writeBytesOf(task.room, chunkSize),
    };
    const open = (): WorkerThread<LaneCalls<RestoreLaneRequest, RestoreLaneAnswer>> =>
      new WorkerThread(sibling(import.meta, "restore-worker"), { start, ending: "terminate" });
    await using pool = new LanePool<RestoreLaneRequest, RestoreLaneAnswer>(open, requestsPerLane);
    task.board.phase = "writing";
    for (const disk of task.orders.disks) await restoreDisk({ task, calls, reading, pool }, disk, inner);
  } catch (caught) {
    signal.throwIfAborted();
    if (!hasCode(caught, "UNAVAILABLE", "READING_UNKNOWN", "UPLOAD_UNKNOWN")) throw caught;
    const message = `the repository cannot be reached: ${HoldfastError.from(caught).message}`;
    throw new HoldfastError("REPOSITORY_UNREACHABLE", message, { cause: caught });
  }
};

/** Each of a lane's requests holds one buffer for writing, and as much again for what arrives. */
const writeBytesOf = ({ laneBytes }: LaneRoom, chunkSize: ChunkSize): number => {
  const room = Math.min(largestWrite, Math.floor(laneBytes / (2 * requestsPerLane)));
  return Math.max(1, Math.floor(room / chunkSize)) * chunkSize;
};
