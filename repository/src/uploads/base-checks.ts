import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { CatalogPoint } from "../catalog/catalog-point.ts";
import type { DiskRange } from "../catalog/disk-range.ts";
import { findHoles } from "../catalog/holes.ts";
import { limitRanges } from "../catalog/limit-ranges.ts";
import { damageOf } from "../readings/disk-content.ts";
import type { RepositoryReader } from "../store/repository-store.ts";

/** Ranges to be read again that one answer names; more are joined with what lies between them. */
export const mostHealRanges = 1000;

/**
 * Tells what a base lacks (U3). A point whose every chunk was found once is not looked through again: while a server runs,
 * a chunk becomes unusable only by a verification, which marks the points that it hurts.
 */
export class BaseChecks {
  readonly #reader: RepositoryReader;
  readonly #whole = new Set<string>();

  constructor(reader: RepositoryReader) {
    this.#reader = reader;
  }

  /** The ranges to be read again; POINT_HURT when a page of the base cannot be read (U4). */
  async healOf(base: CatalogPoint, signal: AbortSignal): Promise<readonly DiskRange[]> {
    const damaged = base.marked.verified?.damaged ?? [];
    const holes = await this.#holesOf(base, signal);
    return limitRanges([...damaged, ...holes], mostHealRanges);
  }

  /** Every chunk of this point was found: its commit looked. */
  setWhole(pointId: string): void {
    this.#whole.add(pointId);
  }

  async #holesOf(base: CatalogPoint, signal: AbortSignal): Promise<readonly DiskRange[]> {
    if (this.#whole.has(base.pointId)) return [];
    try {
      const holes = await findHoles(this.#reader, base, signal);
      if (holes.length === 0) this.#whole.add(base.pointId);
      return holes;
    } catch (caught) {
      if (!damageOf(caught)) throw caught;
      throw new HoldfastError("POINT_HURT", `a page of point ${base.pointId} cannot be read`, { cause: caught });
    }
  }
}
