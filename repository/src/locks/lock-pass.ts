import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import { mapBounded } from "@holdfast/shared/lifecycle/bounded";
import type { Catalog } from "../catalog/catalog.ts";
import { isRemoved } from "../catalog/catalog-point.ts";
import { pointName } from "../store/object-names.ts";
import type { ObjectRetention } from "../store/object-store.ts";
import type { RepositoryStore } from "../store/repository-store.ts";
import { lockStepMs, neededLockMs } from "./lock-times.ts";
import { PacksNeeded } from "./packs-needed.ts";

/** What a pass over locks needs. */
export interface LockPassDeps {
  readonly store: RepositoryStore;
  readonly catalog: Catalog;
  readonly retention: ObjectRetention;
  readonly immutabilityMs: number | undefined;
}

/** What a pass did. */
export interface LockPassResult {
  readonly objects: number;
  readonly lengthened: number;
}

const callsAtOnce = 8;

/** Has the storage lock what points need that nobody may remove: their objects, and every pack that they use (K9). */
export const lockPass = async (deps: LockPassDeps, signal?: AbortSignal): Promise<LockPassResult> => {
  const nowMs = deps.store.guardedClock.nowMs();
  const needed = await objectsNeeded(deps, nowMs, signal);
  const done = await mapBounded([...needed], callsAtOnce, (one) => lengthen(deps.retention, one), signal);
  return { objects: needed.size, lengthened: done.filter(Boolean).length };
};

/** Names of objects, with until when they have to be locked. */
const objectsNeeded = async (
  { store, catalog, immutabilityMs }: LockPassDeps,
  nowMs: number,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, number>> => {
  const packs = new PacksNeeded(store);
  const points = catalog
    .list()
    .filter((point) => !isRemoved(point))
    .map((point) => ({ point, untilMs: neededLockMs(point.immutableUntilMs, nowMs, immutabilityMs) }))
    .filter(({ untilMs }) => untilMs > nowMs)
    .toSorted((a, b) => b.untilMs - a.untilMs);
  const objects = new Map<string, number>();
  for (const { point, untilMs } of points) {
    await packs.add(point, untilMs, signal);
    const ownMs = point.immutableUntilMs ?? 0;
    const name = ownMs > nowMs ? await objectOf(store, point.pointId) : undefined;
    if (name !== undefined) objects.set(name, ownMs);
  }
  return new Map([...objects, ...packs.byPack]);
};

const objectOf = async (store: RepositoryStore, pointId: string): Promise<string | undefined> => {
  const stored = await store.readPoint(pointId);
  return stored && pointName(pointId, { attempt: stored.commit.attempt.number, epoch: stored.commit.epoch });
};

/** Locks are lengthened by a step more than is needed, so that each is asked for rarely. */
const lengthen = async (retention: ObjectRetention, [name, untilMs]: readonly [string, number]): Promise<boolean> => {
  try {
    if (((await retention.lockedUntil(name)) ?? 0) >= untilMs) return false;
    await retention.lockUntil(name, untilMs + lockStepMs);
    return true;
  } catch (caught) {
    // Lost meanwhile: verification says so.
    if (hasCode(caught, "NOT_FOUND")) return false;
    throw caught;
  }
};
