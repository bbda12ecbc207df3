import type { RestoreDisk } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { BaseDisk } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { chunkCountOf } from "@holdfast/shared/format/chunk-size";
import { idSize } from "@holdfast/shared/format/content-id";
import { isZero } from "@holdfast/shared/format/chunk-id";
import type { Reading } from "@holdfast/shared/reading/open-reading";
import { trustedDisk } from "@holdfast/shared/reading/trusted-disk";
import type { OpenDisk } from "../disks/open-disk.ts";
import type { ImageEndpoint } from "../imageio/image-endpoint.ts";
import { ImageWriter } from "../imageio/image-writer.ts";
import type { LanePool } from "../lanes/lane-pool.ts";
import { lanesFor } from "../lanes/lane-room.ts";
import { LeafSource } from "@holdfast/shared/reading/leaf-source";
import { checkedLeaves } from "@holdfast/shared/reading/checked-leaves";
import type { RepositoryCalls } from "../repository/repository-access.ts";
import type { RestoreLaneAnswer, RestoreLaneRequest } from "./restore-messages.ts";
import { RestoreTally } from "./restore-tally.ts";
import type { RestoreTask } from "./restore-task.ts";

/** What all disks of one restore share. */
export interface RestoreParts {
  readonly task: RestoreTask;
  readonly calls: RepositoryCalls;
  readonly reading: Reading;
  readonly pool: LanePool<RestoreLaneRequest, RestoreLaneAnswer>;
}

/** Chunks that one request to a lane spans. */
const chunksPerRequest = 64;

/** Writes one disk of a point into a new disk and makes it durable. POINT_HURT names what the repository cannot give. */
export const restoreDisk = async (parts: RestoreParts, orders: RestoreDisk, signal: AbortSignal): Promise<void> => {
  const { task, reading } = parts;
  const source = trustedDisk(reading, orders);
  const chunks = chunkCountOf(Number(source.sizeBytes), reading.chunkSize);
  const tally = new RestoreTally(chunks, reading.chunkSize);
  let route = "";
  task.board.show(orders.diskId, () => tally.progress(orders.diskId, route));

  await using target = await task.openDisk(orders.targetDiskId, signal);
  route = target.route;
  const endpoint = endpointOf(target, source);
  const requests = Math.ceil(chunks / chunksPerRequest);
  const lanes = lanesFor(task.room, { asked: task.orders.lanes, connections: target.maxWriters, requests });
  await writeAll(parts, { source, endpoint, tally, lanes }, signal);
  if (!tally.isBalanced())
    throw new HoldfastError("BYTES_UNBALANCED", `not every chunk of disk ${orders.diskId} was written or zero`);
  await using writer = new ImageWriter(endpoint, task.clock);
  await writer.flush(signal);
  await writer[Symbol.asyncDispose]();
  await target.close(true);
};

interface DiskWrite {
  readonly source: BaseDisk;
  readonly endpoint: ImageEndpoint;
  readonly tally: RestoreTally;
  readonly lanes: number;
}

const writeAll = async (
  parts: RestoreParts,
  { source, endpoint, tally, lanes }: DiskWrite,
  signal: AbortSignal,
): Promise<void> => {
  const { pool, reading } = parts;
  const { diskId } = source;
  await pool.prepare({ kind: "open-disk", diskId, sizeBytes: Number(source.sizeBytes), endpoint }, lanes, signal);
  const answers: Promise<void>[] = [];
  const leaves = new LeafSource(parts.calls, { case: "readingId", value: reading.readingId }, diskId);
  const idKey = parts.task.orders.keys?.idKey;
  for await (const { first, ids } of checkedLeaves(leaves, source, { reading, idKey, signal })) {
    for (const request of requestsOf(first, ids)) {
      if (isZero(request.ids)) {
        tally.add({ written: 0, zero: request.count });
        continue;
      }
      const { answer } = await pool.submit(request, signal);
      const counted = count(tally, answer);
      counted.catch(() => undefined);
      answers.push(counted);
    }
    await Promise.all(answers.splice(0, Math.max(0, answers.length - 2 * lanes)));
  }
  await Promise.all(answers);
  await pool.tellAll({ kind: "close-disk" }, signal);
};

const count = async (tally: RestoreTally, answer: Promise<RestoreLaneAnswer>): Promise<void> => {
  tally.add(await answer);
};

type RestoreRequest = RestoreLaneRequest & { readonly kind: "restore" };

function* requestsOf(first: number, ids: Uint8Array): Generator<RestoreRequest> {
  const step = chunksPerRequest * idSize;
  for (let from = 0; from < ids.byteLength; from += step) {
    const part = ids.slice(from, from + step);
    yield { kind: "restore", first: first + from / idSize, count: part.byteLength / idSize, ids: part };
  }
}

const endpointOf = ({ access, sizeBytes, diskId }: OpenDisk, source: BaseDisk): ImageEndpoint => {
  if (access.kind !== "image")
    throw new HoldfastError("NO_ROUTE_TO_DISK", `disk ${diskId} can only be written through imageio`);
  if (sizeBytes < Number(source.sizeBytes)) {
    throw new HoldfastError(
      "DISK_WRITE_FAILED",
      `disk ${diskId} has ${sizeBytes} bytes, the point's disk ${source.sizeBytes}`,
    );
  }
  return access.source.endpoint;
};
