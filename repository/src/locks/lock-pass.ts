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

/** How long an object has to be locked, and until when it is when it is not. */
interface NeededLock {
  readonly neededMs: number;
  readonly untilMs: number;
}

/** Names of objects, with the locks that they need. Those of packs are longer, so that each is asked for rarely. */
const objectsNeeded = async (
  { store, catalog, immutabilityMs }: LockPassDeps,
  nowMs: number,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, NeededLock>> => {
  const packs = new PacksNeeded(store);
  const points = catalog
    .list()
    .filter((point) => !isRemoved(point))
    .map((point) => ({ point, untilMs: neededLockMs(point.immutableUntilMs, nowMs, immutabilityMs) }))
    .filter(({ untilMs }) => untilMs > nowMs)
    .toSorted((a, b) => b.untilMs - a.untilMs);
  const objects = new Map<string, NeededLock>();
  for (const { point, untilMs } of points) {
    await packs.add(point, untilMs, signal);
    const ownMs = point.immutableUntilMs ?? 0;
    const name = ownMs > nowMs ? await objectOf(store, point.pointId) : undefined;
    if (name !== undefined) objects.set(name, { neededMs: ownMs, untilMs: ownMs });
  }
  for (const [name, neededMs] of packs.byPack) objects.set(name, { neededMs, untilMs: neededMs + lockStepMs });
  return objects;
};

const objectOf = async (store: RepositoryStore, pointId: string): Promise<string | undefined> => {
  const stored = await store.readPoint(pointId);
  return stored && pointName(pointId, { attempt: stored.commit.attempt.number, epoch: stored.commit.epoch });
};

const lengthen = async (
  retention: ObjectRetention,
  [name, { neededMs, untilMs }]: readonly [string, NeededLock],
): Promise<boolean> => {
  try {
    if (((await retention.lockedUntil(name)) ?? 0) >= neededMs) return false;
    await retention.lockUntil(name, untilMs);
    return true;
  } catch (caught) {
    // Lost meanwhile: verification says so.
    if (hasCode(caught, "NOT_FOUND")) return false;
    throw caught;
  }
};
