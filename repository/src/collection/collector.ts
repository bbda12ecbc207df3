import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { beginCollection } from "./beginning.ts";
import { type CollectionPlan, printPlan } from "./classify-packs.ts";
import { Collection, type CollectionRun, lookForGarbage } from "./collection.ts";
import type { CollectionProgress, CollectionResult, CollectorDeps } from "./collector-deps.ts";
import { Unplanned } from "./unplanned.ts";

/** How one collection is asked for. */
export interface CollectOptions {
  readonly dryRun: boolean;
  readonly onProgress: (progress: CollectionProgress) => void;
  readonly signal: AbortSignal;
}

/** Collects garbage, one collection at a time (G1–G11), beside any number of writers and readers. */
export class Collector implements AsyncDisposable {
  readonly #deps: CollectorDeps;
  readonly #stop = new AbortController();
  readonly #unplanned = new Unplanned();
  #running: Promise<CollectionResult> | undefined;

  constructor(deps: CollectorDeps) {
    this.#deps = deps;
  }

  /** REPOSITORY_BUSY while another one runs, FAILED_PRECONDITION while deletion is suspended. */
  async collect(options: CollectOptions): Promise<CollectionResult> {
    if (this.#running) throw new HoldfastError("REPOSITORY_BUSY", "a collection is running already");
    this.#running = this.#collect(options);
    try {
      return await this.#running;
    } finally {
      this.#running = undefined;
    }
  }

  /** Ends a collection under way where it stands, and waits for that. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new HoldfastError("CANCELLED", "the repository is being closed"));
    await this.#running?.catch(() => undefined);
  }

  async #collect({ dryRun, onProgress, signal }: CollectOptions): Promise<CollectionResult> {
    const why = this.#deps.suspended();
    if (why !== undefined && !dryRun) throw new HoldfastError("FAILED_PRECONDITION", `nothing may be deleted: ${why}`);
    const stop = AbortSignal.any([signal, this.#stop.signal]);
    const run = { tell: onProgress, signal: stop, unplanned: this.#unplanned };
    if (dryRun) {
      const beginning = await beginCollection(this.#deps, false);
      using _uses = beginning.uses;
      return toResult((await lookForGarbage(this.#deps.store.packs, beginning, run)).plan);
    }
    await this.#finish(run);
    using collection = await Collection.begin(this.#deps, run);
    const { plan, ...result } = await collection.run();
    this.#deps.log.info("garbage collected", result);
    return { ...result, plan };
  }

  /** What plans name and an earlier collection or start could not remove. */
  async #finish({ tell, signal }: CollectionRun): Promise<void> {
    const { collection } = this.#deps.store;
    await this.#deps.store.assertOwned();
    if (!collection.hasUnfinished) return;
    await collection.finish((done, total) => {
      tell({ phase: "finishing", done, total });
    }, signal);
  }
}

/** What a plan would come to if nothing were spared. */
export const toResult = (plan: CollectionPlan): CollectionResult => {
  const bytes = (packs: CollectionPlan["dead"], of: (pack: CollectionPlan["dead"][number]) => number): number =>
    packs.reduce((sum, pack) => sum + of(pack), 0);
  const bytesCopied = bytes(plan.wasteful, ({ live }) => live.bytes);
  return {
    pointsRemoved: plan.points.length,
    packsRemoved: plan.dead.length,
    packsCompacted: plan.wasteful.length,
    bytesFreed: bytes([...plan.dead, ...plan.wasteful], ({ sizeBytes }) => sizeBytes) - bytesCopied,
    bytesCopied,
    packsSpared: 0,
    plan: printPlan(plan),
  };
};
