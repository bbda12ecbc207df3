import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  GetStatisticsResponseSchema,
  RepositoryStatisticsSchema,
  StatisticsProgressSchema,
  VmStatisticsSchema,
} from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { growthPerDay } from "../catalog/growth.ts";
import type { RepositoryBytes, StatisticsProgress, VmBytes } from "../statistics/statistics.ts";
import type { ServiceDeps } from "./deps.ts";
import type { Calls } from "./types.ts";

type Message = MessageInitShape<typeof GetStatisticsResponseSchema>;

/** What is stored, live, and whose (V7): progress while it is worked out, then the whole, then the VMs. */
export const getStatistics = (deps: ServiceDeps): Calls["getStatistics"] =>
  async function* ({ refresh }, { signal, closing }) {
    const found = yield* withProgress(deps.statistics.get(refresh, AbortSignal.any([signal, closing])));
    yield { part: { case: "whole", value: await toWhole(deps, found) } };
    for (const vm of found.vms) yield { part: { case: "vm", value: toVm(vm) } };
  };

/** Tells the progress of a walk and gives its result; a caller who leaves ends the walk. */
async function* withProgress(
  walk: AsyncGenerator<StatisticsProgress, RepositoryBytes>,
): AsyncGenerator<Message, RepositoryBytes> {
  try {
    let next = await walk.next();
    for (; next.done !== true; next = await walk.next()) yield toProgress(next.value);
    return next.value;
  } finally {
    // Ends what it holds when the caller is the one that left.
    await walk[Symbol.asyncDispose]();
  }
}

const toProgress = ({ vmsDone, vmsTotal, pagesRead }: StatisticsProgress): Message => {
  const value: MessageInitShape<typeof StatisticsProgressSchema> = {
    vmsDone,
    vmsTotal,
    pagesRead: BigInt(pagesRead),
  };
  return { part: { case: "progress", value } };
};

const toWhole = async (
  { store, catalog, clock }: ServiceDeps,
  { atMs, liveBytes, logicalBytes, points, vms }: RepositoryBytes,
): Promise<MessageInitShape<typeof RepositoryStatisticsSchema>> => {
  const [{ objects }, { packBytes }] = await Promise.all([store.space(), store.counts()]);
  return {
    atMs: BigInt(atMs),
    freeBytes: BigInt(objects.freeBytes),
    totalBytes: BigInt(objects.totalBytes),
    storedBytes: BigInt(packBytes),
    liveBytes: BigInt(liveBytes),
    logicalBytes: BigInt(logicalBytes),
    growthBytesPerDay: BigInt(growthPerDay(catalog.list(), clock.nowMs())),
    points,
    vms: vms.length,
  };
};

const toVm = (one: VmBytes): MessageInitShape<typeof VmStatisticsSchema> => ({
  vm: one.vm,
  vmName: one.vmName,
  points: one.points,
  logicalBytes: BigInt(one.logicalBytes),
  exclusiveBytes: BigInt(one.exclusiveBytes),
  sharedBytes: BigInt(one.sharedBytes),
  freedIfRemovedBytes: BigInt(one.freedIfRemovedBytes),
});
