import { type PointSummary, RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { chunkCountOf, parseChunkSize } from "@holdfast/shared/format/chunk-size";
import { readChunks } from "@holdfast/shared/reading/read-chunks";
import { openRpcClient } from "@holdfast/shared/rpc/client";
import { clientCredentials } from "@holdfast/shared/rpc/credentials";
import { type Fingerprint, FingerprintMaker } from "./fingerprint.ts";

/** Restore points as the repository itself shows and reads them: no controller and no agent takes part. */
export interface PointReader extends AsyncDisposable {
  /** Every point that is not marked deleted, oldest first. */
  readonly list: () => Promise<readonly PointSummary[]>;
  /** Reads one disk of a point back, every chunk; fails when one is damaged. */
  readonly read: (point: PointSummary, diskId: string) => Promise<Fingerprint>;
}

const call = { timeoutMs: 60_000 };

/** Connects to the repository's server. */
export const openPointReader = (address: string): PointReader => {
  const client = openRpcClient(address, clientCredentials({ mode: "insecure" }));
  const service = client.service(RepositoryService);
  return {
    list: async () => {
      const points: PointSummary[] = [];
      for await (const { point } of service.listPoints({}, call)) if (point !== undefined) points.push(point);
      return points;
    },
    read: async (point, diskId) => {
      const disk = point.disks.find((one) => one.diskId === diskId);
      if (disk === undefined) throw new Error(`point ${point.pointId} has no disk ${diskId}`);
      for await (const { readingId, chunkSize: bytes } of service.openReading({ pointId: point.pointId }, call)) {
        const chunkSize = parseChunkSize(bytes);
        const sizeBytes = Number(disk.sizeBytes);
        const maker = new FingerprintMaker(sizeBytes);
        const range = { readingId, diskId, first: 0, count: chunkCountOf(sizeBytes, chunkSize), chunkSize };
        for await (const part of readChunks(service, range, AbortSignal.timeout(call.timeoutMs))) {
          if (part.kind === "damaged")
            throw new Error(`point ${point.pointId}: ${part.code} at chunk ${part.position} of disk ${diskId}`);
          if (part.kind === "chunk") maker.take(part.position, part.plain);
        }
        return maker.make();
      }
      throw new Error(`the reading of point ${point.pointId} ended at once`);
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
};
