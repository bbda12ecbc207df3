import type { Clock } from "@holdfast/shared/clock/clock";
import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { RepositoryId } from "@holdfast/shared/format/repository-id";
import { mapBounded } from "@holdfast/shared/lifecycle/bounded";
import type { IndexClient } from "../index/index-client.ts";
import type { OnCount } from "../store/collection-store.ts";
import type { MarkObjects } from "../store/marks.ts";
import { packName, type PackKey, parsePointName, pointFolder } from "../store/object-names.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { readPackSummary } from "../store/pack-reader.ts";
import { PackSet } from "../store/pack-set.ts";
import type { PlanContent } from "../store/plan-log.ts";

/** What removing needs. */
export interface ExecutionDeps {
  readonly objects: ObjectStore;
  readonly index: IndexClient;
  readonly marks: MarkObjects;
  readonly repositoryId: RepositoryId;
  readonly epoch: number;
  readonly clock: Clock;
}

const removalsAtOnce = 8;

/**
 * Removes what durable plans name (I12): last marks, points' objects, rows of the index, packs. May be stopped anywhere and
 * repeated by anybody.
 */
export const executePlan = async (
  deps: ExecutionDeps,
  { points, packs }: PlanContent,
  onCount: OnCount,
  signal?: AbortSignal,
): Promise<void> => {
  const total = points.length + packs.length;
  let done = 0;
  const count = (): void => {
    done += 1;
    onCount(done, total);
  };
  for (const pointId of points) {
    signal?.throwIfAborted();
    await removePoint(deps, pointId);
    count();
  }
  await forgetPacks(deps, packs, signal);
  await mapBounded(
    packs,
    removalsAtOnce,
    async (pack) => {
      await deps.objects.remove(packName(pack));
      count();
    },
    signal,
  );
};

const removePoint = async ({ marks, epoch, clock, objects }: ExecutionDeps, pointId: string): Promise<void> => {
  const last = await marks.read(pointId);
  if (last?.state.gone !== true) {
    await marks.write({ pointId, epoch, writtenMs: clock.nowMs() }, (state) => ({ ...state, gone: true }));
  }
  const names: string[] = [];
  for await (const name of objects.list(pointFolder(pointId))) if (parsePointName(name)) names.push(name);
  for (const name of names) await objects.remove(name);
};

/** Drops rows by the packs' own tables of contents; where these cannot be read, by one scan for all. */
const forgetPacks = async (
  { objects, index, repositoryId }: ExecutionDeps,
  packs: readonly PackKey[],
  signal?: AbortSignal,
): Promise<void> => {
  const known = new PackSet(await index.packs());
  const withoutTable: PackKey[] = [];
  for (const pack of packs) {
    signal?.throwIfAborted();
    if (!known.has(pack)) continue;
    const summary = await tryRead(objects, pack, repositoryId);
    if (summary) await index.dropPack(summary);
    else withoutTable.push(pack);
  }
  await index.dropPacks(withoutTable);
};

const tryRead = async (
  objects: ObjectStore,
  pack: PackKey,
  repositoryId: RepositoryId,
): Promise<Awaited<ReturnType<typeof readPackSummary>> | undefined> => {
  try {
    const summary = await readPackSummary(objects, pack, repositoryId);
    return summary.found === "table" ? summary : undefined;
  } catch (caught) {
    if (hasCode(caught, "REPOSITORY_DAMAGED") || hasCode(caught, "NOT_FOUND")) return undefined;
    throw caught;
  }
};
