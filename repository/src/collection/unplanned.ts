import type { PackKey } from "../store/object-names.ts";
import type { PlanContent } from "../store/plan-log.ts";

/**
 * What is condemned in memory and not known to stand in a plan (G9). When a plan could not be written, or nobody knows, the
 * next collection plans it again.
 */
export class Unplanned implements PlanContent {
  #packs: readonly PackKey[] = [];
  #points: readonly string[] = [];

  get packs(): readonly PackKey[] {
    return this.#packs;
  }

  get points(): readonly string[] {
    return this.#points;
  }

  get isEmpty(): boolean {
    return this.#packs.length + this.#points.length === 0;
  }

  add({ packs, points }: PlanContent): void {
    this.#packs = [...this.#packs, ...packs];
    this.#points = [...this.#points, ...points];
  }

  /** These stand in a durable plan; the same arrays' items that were added. */
  delete({ packs, points }: PlanContent): void {
    const planned = new Set<PackKey | string>([...packs, ...points]);
    this.#packs = this.#packs.filter((pack) => !planned.has(pack));
    this.#points = this.#points.filter((pointId) => !planned.has(pointId));
  }
}
