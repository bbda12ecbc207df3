import { PackSet } from "./pack-set.ts";

/**
 * What is gone for ever: packs and points that a plan names, or one that may have been written (repository-format.md §6.5).
 * Only ever grows, but for points that a collection takes out and gives back.
 */
export class Condemned {
  readonly packs = new PackSet();
  readonly #points = new Set<string>();
  readonly #leaving = new Set<string>();

  /** True for a point that a plan names. */
  hasPoint(pointId: string): boolean {
    return this.#points.has(pointId);
  }

  /** True for a point that a plan names, or will as soon as the collection under way knows what to remove with it. */
  isLeaving(pointId: string): boolean {
    return this.#points.has(pointId) || this.#leaving.has(pointId);
  }

  addPoints(pointIds: Iterable<string>): void {
    for (const pointId of pointIds) this.#points.add(pointId);
  }

  /** Takes points out for a collection; from here nobody may mark or use them. */
  takeOut(pointIds: Iterable<string>): void {
    for (const pointId of pointIds) this.#leaving.add(pointId);
  }

  /** The collection ended; points that no plan names are there again. */
  giveBack(): void {
    this.#leaving.clear();
  }
}
