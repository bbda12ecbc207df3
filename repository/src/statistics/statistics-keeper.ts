import type { Clock } from "@holdfast/shared/clock/clock";
import { Semaphore } from "@holdfast/shared/lifecycle/bounded";
import type { Catalog } from "../catalog/catalog.ts";
import type { RepositoryStore } from "../store/repository-store.ts";
import type { RepositoryBytes, StatisticsProgress } from "./statistics.ts";
import { walkStatistics } from "./walk-statistics.ts";

/** What keeping statistics needs. */
export interface StatisticsKeeperDeps {
  readonly store: RepositoryStore;
  readonly catalog: Catalog;
  readonly clock: Clock;
}

/** The last statistics, in memory with their time; one walk at a time. */
export class StatisticsKeeper {
  readonly #deps: StatisticsKeeperDeps;
  readonly #turn = new Semaphore(1);
  #last: RepositoryBytes | undefined;

  constructor(deps: StatisticsKeeperDeps) {
    this.#deps = deps;
  }

  /** The last ones, or those of a walk: when there are none, or newer ones are wanted. Aborting leaves the last ones. */
  async *get(refresh: boolean, signal: AbortSignal): AsyncGenerator<StatisticsProgress, RepositoryBytes> {
    const { store, catalog, clock } = this.#deps;
    const askedMs = clock.nowMs();
    using _turn = await this.#turn.acquire(signal);
    const last = this.#last;
    // A walk that began while this call waited is new enough.
    if (last !== undefined && (!refresh || last.atMs > askedMs)) return last;
    const points = catalog.list();
    this.#last = yield* walkStatistics({ packs: store.packs, points, nowMs: clock.nowMs(), signal });
    return this.#last;
  }
}
