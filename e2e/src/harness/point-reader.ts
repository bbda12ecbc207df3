import { type PointSummary, RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { chunkCountOf } from "@holdfast/shared/format/chunk-size";
import { taskTokenHeader } from "@holdfast/shared/identity/task-token";
import { openReading } from "@holdfast/shared/reading/open-reading";
import { readChunks } from "@holdfast/shared/reading/read-chunks";
import { openRpcClient } from "@holdfast/shared/rpc/client";
import type { ServiceClient } from "@holdfast/shared/rpc/client-types";
import { clientCredentials } from "@holdfast/shared/rpc/credentials";
import { type Fingerprint, FingerprintMaker } from "./fingerprint.ts";
import { type Vouching, openVouching } from "./vouching.ts";

/** Restore points as the repository itself shows and reads them: no controller and no agent takes part. */
export interface PointReader extends AsyncDisposable {
  /** Every point that is not marked deleted, oldest first. */
  readonly list: () => Promise<readonly PointSummary[]>;
  /** Reads one disk of a point back, every chunk; fails when one is damaged. One at a time. */
  readonly read: (point: PointSummary, diskId: string) => Promise<Fingerprint>;
}

/** A repository server, and the controller's folder whose authority it believes. */
export interface RepositoryDoor {
  readonly address: string;
  readonly controllerDir: string;
}

const call = { timeoutMs: 60_000 };
/** Long runs read for hours through one reader. */
const lifeMs = 24 * 3_600_000;

/** Connects to the repository's server: in the controller's name to list, in an operator's to read. */
export const openPointReader = async ({ address, controllerDir }: RepositoryDoor): Promise<PointReader> => {
  await using opening = new AsyncDisposableStack();
  const vouching = await openVouching(controllerDir);
  const number = await vouching.trustNumber();
  const asController = clientCredentials(await vouching.identity("controller", "story", lifeMs), {
    role: "repository",
  });
  const metadata = (): Record<string, string> => ({ "holdfast-trust-number": String(number) });
  const client = opening.use(openRpcClient(address, asController, { metadata }));
  const service = client.service(RepositoryService);
  let operator: OperatorsDoor | undefined;
  const owned = opening.move();
  return {
    list: async () => {
      const points: PointSummary[] = [];
      for await (const { point } of service.listPoints({}, call)) if (point !== undefined) points.push(point);
      return points;
    },
    read: async (point, diskId) => {
      operator ??= owned.use(
        await openOperatorsDoor(vouching, address, (await service.getRepository({}, call)).repositoryId),
      );
      return await readDisk(operator.serviceFor(point), point, diskId);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

type Service = ServiceClient<typeof RepositoryService>;

/** A connection of an operator's, who is let in for one point after another. */
interface OperatorsDoor extends AsyncDisposable {
  readonly serviceFor: (point: PointSummary) => Service;
}

const openOperatorsDoor = async (vouching: Vouching, address: string, repositoryId: string): Promise<OperatorsDoor> => {
  const identity = await vouching.identity("operator", "story", lifeMs);
  let token = "";
  const asOperator = clientCredentials(identity, { role: "repository", id: repositoryId });
  const client = openRpcClient(address, asOperator, { metadata: () => ({ [taskTokenHeader]: token }) });
  return {
    serviceFor: ({ pointId, vm }) => {
      const { engineInstanceId = "", vmId = "" } = vm ?? {};
      token = vouching.token(identity, { operation: "export", pointId, repositoryId, engineInstanceId, vmId });
      return client.service(RepositoryService);
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
};

const readDisk = async (service: Service, point: PointSummary, diskId: string): Promise<Fingerprint> => {
  const { pointId } = point;
  const disk = point.disks.find((one) => one.diskId === diskId);
  if (disk === undefined) throw new Error(`point ${pointId} has no disk ${diskId}`);
  const signal = AbortSignal.timeout(call.timeoutMs);
  await using reading = await openReading(service, pointId, signal);
  const { readingId, chunkSize } = reading;
  const sizeBytes = Number(disk.sizeBytes);
  const maker = new FingerprintMaker(sizeBytes);
  const range = { readingId, diskId, first: 0, count: chunkCountOf(sizeBytes, chunkSize), chunkSize };
  for await (const part of readChunks(service, range, signal)) {
    if (part.kind === "damaged")
      throw new Error(`point ${pointId}: ${part.code} at chunk ${part.position} of disk ${diskId}`);
    if (part.kind === "chunk") maker.take(part.position, part.plain);
  }
  return maker.make();
};
