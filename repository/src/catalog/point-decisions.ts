import { toIso } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { MarkState } from "../store/mark.ts";
import type { RepositoryStore } from "../store/repository-store.ts";
import type { Catalog } from "./catalog.ts";
import { type CatalogPoint, isRemoved, laterOf } from "./catalog-point.ts";
import { checkRemoval } from "./check-removal.ts";
import { type Standing, type StandingSettings, standingOf } from "./standing.ts";

/** What the server's configuration says about what happens to points after their commit. */
export interface RetentionSettings extends StandingSettings {
  /** Good points of a VM that only a removal by name goes below. */
  readonly floor: number;
  /** How long nobody may remove a point that is committed now; undefined for no such time. */
  readonly immutabilityMs: number | undefined;
}

/** What decisions about points need. */
export interface PointDecisionsDeps {
  readonly store: RepositoryStore;
  readonly catalog: Catalog;
  readonly settings: RetentionSettings;
  readonly log: Logger;
}

/** What a caller asks for when it removes a point. */
export interface Removal {
  readonly belowFloor: boolean;
  readonly reason: string;
}

/** How a point is protected. */
export type Protection =
  | { readonly kind: "for-ever" }
  | { readonly kind: "lifted" }
  | { readonly kind: "until"; readonly untilMs: number };

/** How far ahead a point may be made immutable: nobody could take a slip back. */
const mostAheadMs = 30 * 366 * 24 * 3_600_000;
const longestReason = 1024;

/**
 * Removes, brings back and protects points: one decision after another, each from the highest mark, durable before it is
 * answered (K4, K7–K9).
 */
export class PointDecisions {
  readonly settings: RetentionSettings;
  readonly #deps: PointDecisionsDeps;
  /** Points that are being brought back, or of which it is not known whether they were: they are not gone. */
  readonly #returning = new Set<string>();
  #before: Promise<unknown> = Promise.resolve();

  constructor(deps: PointDecisionsDeps) {
    this.#deps = deps;
    this.settings = deps.settings;
  }

  /** The standing of a point now; a collection asks this, and takes only what is gone. */
  standingOf(point: CatalogPoint): Standing {
    const standing = standingOf(point, this.#deps.store.guardedClock.deletionMs(), this.settings);
    const returns = standing.state === "gone" && !point.marked.gone && this.#returning.has(point.pointId);
    return returns ? { state: "removed", untilMs: undefined } : standing;
  }

  /** Marks a point deleted; a repeated removal answers the same. */
  async remove(pointId: string, { belowFloor, reason }: Removal): Promise<CatalogPoint> {
    const { catalog, store, log, settings } = this.#deps;
    return await this.#decide(pointId, isRemoved, async (point) => {
      const removed = { atMs: store.guardedClock.nowMs(), reason: reason.slice(0, longestReason), belowFloor };
      const marked = await this.#mark(point, (current) => {
        const nowMs = store.guardedClock.deletionMs();
        checkRemoval(withMarks(point, current), catalog.list(), { nowMs, floor: settings.floor, belowFloor });
        return { ...current, removed: current.removed ?? removed };
      });
      log.info("point marked deleted", { point: pointId, vm: point.vm.vmId, reason: removed.reason });
      return marked;
    });
  }

  /** Brings a removed point back; POINT_NOT_FOUND once it is gone. */
  async undelete(pointId: string): Promise<CatalogPoint> {
    return await this.#decide(
      pointId,
      (point) => !isRemoved(point),
      async (point) => {
        if (this.standingOf(point).state === "gone")
          throw new HoldfastError("POINT_NOT_FOUND", `point ${pointId} is gone`);
        this.#returning.add(pointId);
        const marked = await this.#mark(point, (current) => ({ ...current, removed: null }));
        this.#returning.delete(pointId);
        this.#deps.log.info("point brought back", { point: pointId, vm: point.vm.vmId });
        return marked;
      },
    );
  }

  /** Protects a point, lifts that, or makes it immutable for longer. */
  async protect(pointId: string, protection: Protection, reason: string): Promise<CatalogPoint> {
    const { store, log } = this.#deps;
    const atMs = store.guardedClock.nowMs();
    const note = { atMs, reason: reason.slice(0, longestReason) };
    if (protection.kind === "until") checkUntil(protection.untilMs, atMs);
    return await this.#decide(pointId, isAsWanted(protection), async (point) => {
      if (isRemoved(point)) throw new HoldfastError("POINT_NOT_FOUND", `point ${pointId} is marked deleted`);
      const marked = await this.#mark(point, (current) => {
        if (protection.kind === "lifted") return { ...current, protected: null };
        if (protection.kind === "for-ever") return { ...current, protected: current.protected ?? note };
        return { ...current, immutableUntilMs: laterEnd(withMarks(point, current), protection.untilMs) };
      });
      log.info("point's protection changed", { point: pointId, vm: point.vm.vmId, ...protection, reason: note.reason });
      return marked;
    });
  }

  /** Answers a point that is as wanted already, after a look at the epochs; else decides. */
  #decide(
    pointId: string,
    isDone: (point: CatalogPoint) => boolean,
    decide: (point: CatalogPoint) => Promise<CatalogPoint>,
  ): Promise<CatalogPoint> {
    const { catalog, store } = this.#deps;
    const work = async (): Promise<CatalogPoint> => {
      const point = catalog.require(pointId);
      if (point.marked.gone) throw new HoldfastError("POINT_NOT_FOUND", `point ${pointId} is gone`);
      if (!isDone(point)) return await decide(point);
      await store.assertOwned();
      return point;
    };
    const decision = this.#before.then(work, work);
    this.#before = decision;
    return decision;
  }

  async #mark({ pointId }: CatalogPoint, change: (current: MarkState) => MarkState): Promise<CatalogPoint> {
    const { state } = await this.#deps.store.writeMark(pointId, change);
    return this.#deps.catalog.setMarked(pointId, state);
  }
}

/** The point as its highest mark has it, which may say more than the catalog knows. */
const withMarks = (point: CatalogPoint, marked: MarkState): CatalogPoint => ({
  ...point,
  marked,
  immutableUntilMs: laterOf(point.immutableUntilMs, marked.immutableUntilMs),
});

const isAsWanted =
  (protection: Protection) =>
  (point: CatalogPoint): boolean => {
    if (isRemoved(point)) return false;
    if (protection.kind === "until") return point.immutableUntilMs === protection.untilMs;
    return (point.marked.protected !== null) === (protection.kind === "for-ever");
  };

const checkUntil = (untilMs: number, nowMs: number): void => {
  if (untilMs > nowMs && untilMs <= nowMs + mostAheadMs) return;
  throw new HoldfastError("INVALID_ARGUMENT", "a point can be immutable until a later time, at most 30 years ahead");
};

const laterEnd = ({ pointId, immutableUntilMs }: CatalogPoint, untilMs: number): number => {
  if (immutableUntilMs === undefined || untilMs >= immutableUntilMs) return untilMs;
  throw new HoldfastError("POINT_IMMUTABLE", `point ${pointId} is immutable until ${toIso(immutableUntilMs)} already`, {
    details: { point: pointId, immutableUntilMs },
  });
};
