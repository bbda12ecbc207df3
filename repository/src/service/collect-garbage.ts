import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CollectGarbageResponseSchema } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { CollectionProgress, CollectionResult } from "../collection/collector-deps.ts";
import type { ServiceDeps } from "./deps.ts";
import type { Calls } from "./types.ts";

/**
 * Collects garbage, tells how far that is, then what was done (G1). A caller that reads slowly misses some of the progress and
 * holds up nothing; one that leaves ends the collection.
 */
export const collectGarbage = ({ collector }: ServiceDeps): Calls["collectGarbage"] =>
  async function* ({ dryRun }, { signal, closing }) {
    const latest = new Latest<CollectionProgress>();
    const left = new AbortController();
    const collecting = collector.collect({
      dryRun,
      onProgress: (progress) => {
        latest.set(progress);
      },
      signal: AbortSignal.any([signal, closing, left.signal]),
    });
    const over = collecting.then(
      () => undefined,
      () => undefined,
    );
    try {
      for (let next = await latest.next(over); next; next = await latest.next(over)) yield toProgress(next);
      yield { result: toResult(await collecting, dryRun) };
    } finally {
      left.abort();
      await over;
    }
  };

/** The newest of what was told; what it replaced is not told any more. */
class Latest<Value> {
  #value: Value | undefined;
  #wake = Promise.withResolvers<void>();

  set(value: Value): void {
    this.#value = value;
    this.#wake.resolve();
  }

  /** Waits for the next one; undefined when it is over. */
  async next(over: Promise<undefined>): Promise<Value | undefined> {
    await Promise.race([this.#wake.promise, over]);
    const value = this.#value;
    this.#value = undefined;
    this.#wake = Promise.withResolvers();
    return value;
  }
}

type Response = MessageInitShape<typeof CollectGarbageResponseSchema>;

const toProgress = ({ phase, done, total }: CollectionProgress): Response => ({
  phase,
  done: BigInt(done),
  total: BigInt(total),
});

/** The plan of a large repository is long: it is told where somebody asked for nothing else, and where it fits a message. */
const toResult = (result: CollectionResult, dryRun: boolean): Response["result"] => ({
  pointsRemoved: BigInt(result.pointsRemoved),
  packsRemoved: BigInt(result.packsRemoved),
  packsCompacted: BigInt(result.packsCompacted),
  bytesFreed: BigInt(Math.max(0, result.bytesFreed)),
  bytesCopied: BigInt(result.bytesCopied),
  plan: dryRun ? shortened(result.plan) : "",
});

/** Characters of a plan that one message carries. */
const longestPlan = 128 * 1024;

const shortened = (plan: string): string => {
  if (plan.length <= longestPlan) return plan;
  const kept = plan.slice(0, plan.lastIndexOf("\n", longestPlan));
  return `${kept}\n… ${plan.slice(kept.length + 1).split("\n").length} lines more`;
};
