import {
  type GetRepositoryResponse,
  type PointSummary,
  RepositoryService,
} from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { RpcClient } from "@holdfast/shared/rpc/client";
import type { ServiceClient } from "@holdfast/shared/rpc/client-types";
import { collectPoint } from "./collect-point.ts";
import { askToExamine } from "./examine-repository.ts";
import { ownBackupCalls } from "./own-backup-calls.ts";
import type { AttemptParts, FenceVerdict, RepositoryConnection } from "./repository-connection.ts";
import type { RepositoryRecord } from "./repository-record.ts";
import { pointDecisions } from "./rpc-point-decisions.ts";
import { createUnreachableGuard, type UnreachableGuard } from "./unreachable-guard.ts";

/** A connection that can be closed. */
export interface OpenRepositoryConnection extends RepositoryConnection, AsyncDisposable {}

const callTimeoutMs = 15_000;
const listTimeoutMs = 60_000;
const listLimit = 100_000;

/** Speaks to one repository through a client that becomes its own. Nothing is dialled before the first call. */
export const openRepositoryConnection = (
  record: RepositoryRecord,
  client: RpcClient,
  clock: Clock,
): OpenRepositoryConnection => {
  const service = client.service(RepositoryService);
  const guard = createUnreachableGuard(record, clock);
  return {
    repositoryId: record.repositoryId,
    name: record.name,
    address: record.address,
    describe: (signal) =>
      guard.call(async () => {
        const described = await service.getRepository({}, { signal, timeoutMs: callTimeoutMs });
        refuseOther(record, described);
        return described;
      }),
    examine: (examination, options) => askToExamine(service, { examination, clock }, options),
    listPoints: ({ vm, includeRemoved = false }, signal) =>
      guard.call(() => {
        const ofVm = vm === undefined ? {} : { vm: { engineInstanceId: vm.engineInstanceId, vmId: vm.vmId } };
        return collectPoints(service, { ...ofVm, includeRemoved }, signal);
      }),
    getPoint: (pointId, signal) =>
      guard.call(() => collectPoint(pointId, service.getPoint({ pointId }, { signal, timeoutMs: listTimeoutMs }))),
    fence: (attempt, signal) => guard.call(() => fenceAt(service, attempt, signal)),
    ...ownBackupCalls(service, guard),
    ...pointDecisions({ record, service, guard, timeoutMs: callTimeoutMs }),
    ...keyCalls(service, guard),
    ...maintenanceCalls(service, guard),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
};

const keyCalls = (
  service: ServiceClient<typeof RepositoryService>,
  guard: UnreachableGuard,
): Pick<RepositoryConnection, "getKeys" | "putKeys"> => ({
  getKeys: (signal) =>
    guard.call(async () => (await service.getKeys({}, { signal, timeoutMs: callTimeoutMs })).keyListJson),
  putKeys: (keyListJson, signal) =>
    guard.call(async () => {
      await service.putKeys({ keyListJson }, { signal, timeoutMs: callTimeoutMs });
    }),
});

const fenceAt = async (
  service: ServiceClient<typeof RepositoryService>,
  { taskId, number, attemptId }: AttemptParts,
  signal: AbortSignal,
): Promise<FenceVerdict> => {
  const attempt = { taskId, number, attemptId };
  const { committed } = await service.fence({ attempt }, { signal, timeoutMs: callTimeoutMs });
  return committed === undefined ? { kind: "retired" } : { kind: "committed", point: committed };
};

/** The calls that take long and tell how far they are. */
const maintenanceCalls = (
  service: ServiceClient<typeof RepositoryService>,
  guard: UnreachableGuard,
): Pick<RepositoryConnection, "verify" | "verifyPoint" | "collect" | "statistics" | "listHurt"> => ({
  verify: (budgetBytes, signal) =>
    guarded(guard, () => service.verifyRepository({ budgetBytes: BigInt(budgetBytes) }, { signal })),
  verifyPoint: (pointId, signal) => guarded(guard, () => service.verifyPoint({ pointId }, { signal })),
  collect: (dryRun, signal) => guarded(guard, () => service.collectGarbage({ dryRun }, { signal })),
  statistics: (refresh, signal) => guarded(guard, () => service.getStatistics({ refresh }, { signal })),
  listHurt: (signal) => guarded(guard, () => service.listHurt({}, { signal, timeoutMs: listTimeoutMs })),
});

/** A stream whose every step is guarded: it may break off when the repository goes away. */
async function* guarded<Message>(
  guard: UnreachableGuard,
  open: () => AsyncIterable<Message>,
): AsyncGenerator<Message, void, undefined> {
  const iterator = open()[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await guard.call(() => iterator.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

const refuseOther = (record: RepositoryRecord, { repositoryId }: GetRepositoryResponse): void => {
  if (repositoryId === record.repositoryId) return;
  throw new HoldfastError(
    "REPOSITORY_MISMATCH",
    `at ${record.address} is repository ${repositoryId}, not ${record.name}`,
    {
      details: { expected: record.repositoryId, found: repositoryId },
    },
  );
};

const collectPoints = async (
  service: ServiceClient<typeof RepositoryService>,
  request: Parameters<ServiceClient<typeof RepositoryService>["listPoints"]>[0],
  signal: AbortSignal,
): Promise<readonly PointSummary[]> => {
  const points: PointSummary[] = [];
  for await (const { point } of service.listPoints(request, { signal, timeoutMs: listTimeoutMs })) {
    if (point !== undefined) points.push(point);
    if (points.length >= listLimit) break;
  }
  return points;
};
