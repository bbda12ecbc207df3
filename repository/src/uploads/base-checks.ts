import type { CatalogPoint } from "../catalog/catalog-point.ts";
import type { DiskRange } from "../catalog/disk-range.ts";
import { findHoles } from "../catalog/holes.ts";
import { limitRanges } from "../catalog/limit-ranges.ts";
import type { RecordDeps } from "../catalog/record-verification.ts";
import { judgePage } from "../verification/judge-page.ts";

/** Ranges to be read again that one answer names; more are joined with what lies between them. */
export const mostHealRanges = 1000;

/** Tells what a base lacks (U3). A point whose every chunk was found is not looked through again until something became absent. */
export class BaseChecks {
  readonly #deps: RecordDeps;
  /** Points that were whole, each with the store's count of absences before it was looked through. */
  readonly #whole = new Map<string, number>();

  constructor(deps: RecordDeps) {
    this.#deps = deps;
  }

  /** The ranges to be read again: all that the base lacks, however much that is (U4). */
  async healOf(base: CatalogPoint, signal: AbortSignal): Promise<readonly DiskRange[]> {
    const damaged = base.marked.verified?.damaged ?? [];
    const holes = await this.#holesOf(base, signal);
    return limitRanges([...damaged, ...holes], mostHealRanges);
  }

  /** Every chunk of this point was found by somebody who began to look at that count of absences. */
  setWhole(pointId: string, absences: number): void {
    this.#whole.set(pointId, absences);
  }

  async #holesOf(base: CatalogPoint, signal: AbortSignal): Promise<readonly DiskRange[]> {
    const { store } = this.#deps;
    const { absences } = store;
    if (this.#whole.get(base.pointId) === absences) return [];
    const holes = await findHoles(store, base, { signal, onDamagedPage: (id) => judgePage(this.#deps, id) });
    if (holes.length === 0) this.setWhole(base.pointId, absences);
    return holes;
  }
}
