import { hasCode, HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { mapBounded } from "@holdfast/shared/lifecycle/bounded";
import type { PackRow } from "../index/pack-rows.ts";
import type { PacksView } from "../store/collection-store.ts";
import { unlockedPacks } from "../locks/unlocked-packs.ts";
import type { PackKey } from "../store/object-names.ts";
import { largestPlan } from "../store/plan.ts";
import type { PlanContent } from "../store/plan-log.ts";
import type { PendingPack } from "../store/repository-store.ts";
import { type Beginning, beginCollection } from "./beginning.ts";
import { classifyPacks, type CollectionPlan, printPlan, type WeighedPack } from "./classify-packs.ts";
import type { CollectionProgress, CollectionResult, CollectorDeps } from "./collector-deps.ts";
import { compactPack } from "./compact.ts";
import type { LiveBits } from "./live-bits.ts";
import { walkLive } from "./live-walk.ts";
import { candidatesOf, collectionStates, type CollectionState, condemnable } from "./transitions.ts";
import type { Unplanned } from "./unplanned.ts";

/** Bytes of wasteful packs that are copied before they are removed: a collection needs that much room and no more. */
const batchBytes = 4 * 1024 ** 3;

/** What one collection is given beside what all share. */
export interface CollectionRun {
  readonly tell: (progress: CollectionProgress) => void;
  readonly signal: AbortSignal;
  /** What time it is. */
  readonly nowMs: number;
  /** What former ones of this server condemned without a plan that is known to stand. */
  readonly unplanned: Unplanned;
}

/** Walks and classifies; changes nothing (G3, G4). */
export const lookForGarbage = async (
  packsView: PacksView,
  { leaving, roots, candidates }: Omit<Beginning, "uses" | "indexGeneration">,
  { tell, signal, nowMs }: Omit<CollectionRun, "unplanned">,
): Promise<{ readonly plan: CollectionPlan; readonly live: LiveBits }> => {
  const onCount = (done: number, total: number): void => {
    tell({ phase: "walking", done, total });
  };
  const live = await walkLive(packsView, roots, onCount, signal);
  const weighed = candidatesOf<PackRow>(candidates, packsView.condemned.packs).map(
    ({ epoch, sequence, kind, sizeBytes, records }): WeighedPack => {
      const key = { epoch, sequence };
      const { bytes, records: liveRecords } = live.liveIn(key);
      return { key, kind, sizeBytes, records, live: { bytes, records: liveRecords } };
    },
  );
  const points = leaving.map(({ pointId }) => pointId).sort();
  const wanted = classifyPacks(points, weighed);
  const locked = await lockedAmong(packsView, [...wanted.dead, ...wanted.wasteful], { nowMs, signal });
  const plan =
    locked.size === 0
      ? wanted
      : classifyPacks(
          points,
          weighed.filter((pack) => !locked.has(pack)),
        );
  return { plan, live };
};

const looksAtOnce = 16;

/** What the storage itself keeps stays as it is: only what is unlocked is planned. */
const lockedAmong = async (
  packsView: PacksView,
  packs: readonly WeighedPack[],
  { nowMs, signal }: Pick<CollectionRun, "nowMs" | "signal">,
): Promise<ReadonlySet<WeighedPack>> => {
  const locked = new Set<WeighedPack>();
  const look = async (pack: WeighedPack): Promise<void> => {
    if ((await packsView.lockedUntilMs(pack.key)) > nowMs) locked.add(pack);
  };
  await mapBounded(packs, looksAtOnce, look, signal);
  return locked;
};

/** One collection from its beginning to its end; its order of steps is the table of transitions.ts. */
export class Collection implements Disposable {
  readonly #deps: CollectorDeps;
  readonly #run: CollectionRun;
  readonly #beginning: Beginning;
  #state: CollectionState = "begun";
  #packsRemoved = 0;
  #packsCompacted = 0;
  #packsSpared = 0;
  #bytesFreed = 0;
  #bytesCopied = 0;
  #isFull = false;

  private constructor(deps: CollectorDeps, run: CollectionRun, beginning: Beginning) {
    this.#deps = deps;
    this.#run = run;
    this.#beginning = beginning;
  }

  static async begin(deps: CollectorDeps, run: CollectionRun): Promise<Collection> {
    return new Collection(deps, run, await beginCollection(deps, true));
  }

  async run(): Promise<CollectionResult> {
    const { plan, live } = await lookForGarbage(this.#deps.store.packs, this.#beginning, this.#run);
    this.#move("walked");
    await this.#condemn(await this.#unlocked(plan.dead), plan.points);
    for (const batch of batchesOf(await this.#unlocked(plan.wasteful))) {
      if (this.#isFull) this.#packsSpared += batch.length;
      else await this.#compact(batch, live);
    }
    return {
      pointsRemoved: plan.points.length,
      packsRemoved: this.#packsRemoved,
      packsCompacted: this.#packsCompacted,
      packsSpared: this.#packsSpared,
      bytesFreed: this.#bytesFreed,
      bytesCopied: this.#bytesCopied,
      plan: printPlan(plan),
    };
  }

  /** Points that no plan names are there again; what was condemned stays so. */
  [Symbol.dispose](): void {
    this.#deps.store.collection.condemned.giveBack();
    this.#beginning.uses[Symbol.dispose]();
  }

  /** Without the packs that the storage itself keeps from being removed (K9). */
  async #unlocked(packs: readonly WeighedPack[]): Promise<readonly WeighedPack[]> {
    const { store } = this.#deps;
    const removable = await unlockedPacks(store, packs, this.#run.signal);
    this.#packsSpared += packs.length - removable.length;
    return removable;
  }

  /** Condemns what no upload uses, plans it, and removes it (G6, G9). Answers the packs that it got. */
  async #condemn(wanted: readonly WeighedPack[], points: readonly string[]): Promise<readonly WeighedPack[]> {
    const { unplanned } = this.#run;
    // One step: whatever an upload is told from here on, it is not told that these are known.
    const { condemned, spared } = this.#condemnInMemory(wanted, points);
    this.#packsSpared += spared.length;
    if (unplanned.isEmpty) return condemned;
    this.#move("condemned");
    await this.#plan();
    this.#move("owned");
    await this.#deps.store.collection.finish((done, total) => {
      this.#run.tell({ phase: "removing", done, total });
    }, this.#run.signal);
    this.#move("removed");
    this.#packsRemoved += condemned.length;
    this.#bytesFreed += condemned.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    return condemned;
  }

  #condemnInMemory(
    wanted: readonly WeighedPack[],
    points: readonly string[],
  ): { readonly condemned: readonly WeighedPack[]; readonly spared: readonly WeighedPack[] } {
    const { store, catalog } = this.#deps;
    if (store.collection.indexGeneration !== this.#beginning.indexGeneration)
      throw new HoldfastError("REPOSITORY_BUSY", "the index was made anew meanwhile: nothing more is collected");
    const { condemned } = condemnable<PackKey>(
      wanted.map(({ key }) => key),
      this.#beginning.uses.uses,
    );
    store.collection.condemned.packs.addAll(condemned);
    store.collection.condemned.addPoints(points);
    for (const pointId of points) catalog.remove(pointId);
    this.#run.unplanned.add({ packs: condemned, points });
    const taken = new Set(condemned);
    return {
      condemned: wanted.filter(({ key }) => taken.has(key)),
      spared: wanted.filter(({ key }) => !taken.has(key)),
    };
  }

  async #plan(): Promise<void> {
    const { store } = this.#deps;
    for (const content of slicesOf(this.#run.unplanned)) {
      await store.collection.plan(content);
      this.#run.unplanned.delete(content);
    }
    this.#move("planned");
    await store.assertOwned();
  }

  async #compact(batch: readonly WeighedPack[], live: LiveBits): Promise<void> {
    const copied = await this.#copy(batch, live);
    this.#packsSpared += batch.length - copied.length;
    if (copied.length === 0) return;
    this.#move("copied");
    const condemned = await this.#condemn(copied, []);
    this.#packsRemoved -= condemned.length;
    this.#packsCompacted += condemned.length;
  }

  /** The packs of the batch whose live records are all in other packs, durable and indexed (G5). */
  async #copy(batch: readonly WeighedPack[], live: LiveBits): Promise<WeighedPack[]> {
    const { store } = this.#deps;
    const { signal, tell } = this.#run;
    await using copies = store.collection.openCopies();
    const deps = { store: store.collection, copies, live, chunkSize: store.facts.chunkSize };
    const begun: { readonly pack: WeighedPack; readonly into: ReadonlySet<PendingPack>; readonly bytes: number }[] = [];
    for (const [index, pack] of batch.entries()) {
      const compacted = await this.#unlessFull(() => compactPack(deps, pack, signal));
      if (!compacted) break;
      if (compacted.kind === "copied") begun.push({ pack, ...compacted });
      tell({ phase: "compacting", done: index + 1, total: batch.length });
    }
    const copied: WeighedPack[] = [];
    for (const { pack, into, bytes } of begun) {
      const settled = await this.#unlessFull(async () => {
        await copies.settle(into, signal);
        return true;
      });
      if (!settled) continue;
      copied.push(pack);
      this.#bytesCopied += bytes;
      this.#bytesFreed -= bytes;
    }
    return copied;
  }

  /** Undefined when the disk is full: then nothing more is copied, and what was copied still counts. */
  async #unlessFull<Value>(work: () => Promise<Value>): Promise<Value | undefined> {
    try {
      return await work();
    } catch (caught) {
      if (!hasCode(caught, "REPOSITORY_FULL")) throw caught;
      this.#isFull = true;
      return undefined;
    }
  }

  #move(to: CollectionState): void {
    collectionStates.assertMove(this.#state, to);
    this.#state = to;
  }
}

function* batchesOf(packs: readonly WeighedPack[]): Generator<readonly WeighedPack[]> {
  let batch: WeighedPack[] = [];
  let bytes = 0;
  for (const pack of packs) {
    batch.push(pack);
    bytes += pack.live.bytes;
    if (bytes < batchBytes) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

/** As many plans as it takes. */
const slicesOf = ({ packs, points }: PlanContent): readonly PlanContent[] => {
  const count = Math.max(Math.ceil(packs.length / largestPlan.packs), Math.ceil(points.length / largestPlan.points));
  return Array.from({ length: count }, (_, index) => ({
    packs: packs.slice(index * largestPlan.packs, (index + 1) * largestPlan.packs),
    points: points.slice(index * largestPlan.points, (index + 1) * largestPlan.points),
  }));
};
