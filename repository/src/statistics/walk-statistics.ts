import { recordHeaderSize } from "@holdfast/shared/format/record-header";
import type { CatalogPoint } from "../catalog/catalog-point.ts";
import { isImmutable } from "../catalog/standing.ts";
import { LiveBits } from "../collection/live-bits.ts";
import type { IndexRow } from "../index/index-database.ts";
import type { PacksView } from "../store/collection-store.ts";
import { packEntrySize } from "../store/pack-contents.ts";
import { walkRecords } from "./record-walk.ts";
import type { RepositoryBytes, StatisticsProgress, VmBytes } from "./statistics.ts";

/** What is walked. */
export interface StatisticsWalk {
  readonly packs: Pick<PacksView, "rows" | "readPage">;
  /** Those that are marked deleted too: what they need is still there. */
  readonly points: readonly CatalogPoint[];
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

const bytesOf = ({ stored }: IndexRow): number => recordHeaderSize + stored + packEntrySize;

/**
 * Walks what the points of each VM use, with a bit for every record: first to learn what is used by more than one VM, then to count.
 * Three bits a record are all that is held.
 */
export async function* walkStatistics(walk: StatisticsWalk): AsyncGenerator<StatisticsProgress, RepositoryBytes> {
  const vms = [...Map.groupBy(walk.points, ({ vm }) => `${vm.engineInstanceId}/${vm.vmId}`).values()];
  const counter = new UseCounter(walk);
  const progress = (vmsDone: number): StatisticsProgress => ({
    vmsDone,
    vmsTotal: vms.length * 2,
    pagesRead: counter.pagesRead,
  });
  for (const [index, points] of vms.entries()) {
    await counter.note(points);
    yield progress(index + 1);
  }
  const counted: VmBytes[] = [];
  for (const [index, points] of vms.entries()) {
    counted.push(await counter.count(points));
    yield progress(vms.length + index + 1);
  }
  return {
    atMs: walk.nowMs,
    liveBytes: counter.liveBytes,
    logicalBytes: counted.reduce((sum, { logicalBytes }) => sum + logicalBytes, 0),
    points: walk.points.length,
    vms: counted.toSorted((a, b) => b.exclusiveBytes - a.exclusiveBytes),
  };
}

/** What is used by one VM, and what by several. */
class UseCounter {
  pagesRead = 0;
  /** Of all records that were seen, each once. */
  liveBytes = 0;
  readonly #walk: StatisticsWalk;
  readonly #used = new LiveBits();
  readonly #shared = new LiveBits();

  constructor(walk: StatisticsWalk) {
    this.#walk = walk;
  }

  /** Notes what a VM uses. */
  async note(points: readonly CatalogPoint[]): Promise<void> {
    const own = new LiveBits();
    await this.#each(points, (row) => {
      if (!own.add(row)) return false;
      if (this.#used.add(row)) this.liveBytes += bytesOf(row);
      else this.#shared.add(row);
      return true;
    });
  }

  /** Counts a VM after all were noted. What cannot go is walked first: what it shares with the rest is not freed. */
  async count(points: readonly CatalogPoint[]): Promise<VmBytes> {
    const own = new LiveBits();
    const held = points.filter((point) => isHeld(point, this.#walk.nowMs));
    const free = points.filter((point) => !held.includes(point));
    const ofHeld = await this.#sum(held, own);
    const ofFree = await this.#sum(free, own);
    const newest = points.reduce((latest, point) => (point.capturedMs >= latest.capturedMs ? point : latest));
    return {
      vm: newest.vm,
      vmName: newest.vmName,
      points: points.length,
      logicalBytes: points.reduce((sum, { statistics: of }) => sum + of.plannedBytes - of.zeroBytes, 0),
      exclusiveBytes: ofHeld.exclusive + ofFree.exclusive,
      sharedBytes: ofHeld.shared + ofFree.shared,
      freedIfRemovedBytes: ofFree.exclusive,
    };
  }

  async #sum(
    points: readonly CatalogPoint[],
    own: LiveBits,
  ): Promise<{ readonly exclusive: number; readonly shared: number }> {
    const sums = { exclusive: 0, shared: 0 };
    await this.#each(points, (row) => {
      if (!own.add(row)) return false;
      sums[this.#shared.has(row, row.slot) ? "shared" : "exclusive"] += bytesOf(row);
      return true;
    });
    return sums;
  }

  async #each(points: readonly CatalogPoint[], onRecord: (row: IndexRow) => boolean): Promise<void> {
    const { packs, signal } = this.#walk;
    const onPage = (): void => {
      this.pagesRead += 1;
    };
    for (const point of points) await walkRecords({ packs, onRecord, onPage, signal }, point);
  }
}

/** True for a point that nobody may remove now. */
const isHeld = (point: CatalogPoint, nowMs: number): boolean =>
  point.marked.protected !== null || isImmutable(point, nowMs);
