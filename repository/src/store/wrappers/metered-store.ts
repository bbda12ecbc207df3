import type { Clock } from "@holdfast/shared/clock/clock";
import type { ObjectStore } from "../object-store.ts";
import { type AroundCall, receivedBytes, type StoreVerb } from "./store-call.ts";
import { WrappedStore } from "./wrapped-store.ts";

/** What calls of one kind came to since the store was opened. */
export interface VerbMetrics {
  readonly calls: number;
  readonly failures: number;
  /** Calls of these that repeated one before. */
  readonly retries: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** All calls together. */
  readonly totalMs: number;
  readonly slowestMs: number;
}

const nothing: VerbMetrics = {
  calls: 0,
  failures: 0,
  retries: 0,
  sentBytes: 0,
  receivedBytes: 0,
  totalMs: 0,
  slowestMs: 0,
};

/** What was asked of a store, by verb. */
export class StoreMetrics {
  readonly #verbs = new Map<StoreVerb, VerbMetrics>();

  /** A copy as of now; verbs that were never asked are not in it. */
  read(): ReadonlyMap<StoreVerb, VerbMetrics> {
    return new Map(this.#verbs);
  }

  add(
    verb: StoreVerb,
    { tookMs, ...counted }: Pick<VerbMetrics, "failures" | "sentBytes" | "receivedBytes"> & { readonly tookMs: number },
  ): void {
    const before = this.#verbs.get(verb) ?? nothing;
    this.#verbs.set(verb, {
      ...before,
      calls: before.calls + 1,
      failures: before.failures + counted.failures,
      sentBytes: before.sentBytes + counted.sentBytes,
      receivedBytes: before.receivedBytes + counted.receivedBytes,
      totalMs: before.totalMs + tookMs,
      slowestMs: Math.max(before.slowestMs, tookMs),
    });
  }

  /** Notes that a call is made once more. */
  addRetry(verb: StoreVerb): void {
    const before = this.#verbs.get(verb) ?? nothing;
    this.#verbs.set(verb, { ...before, retries: before.retries + 1 });
  }
}

/** Counts every call into `metrics`; a listing counts once, with the time from its first name to its last. */
export const meteredStore = (store: ObjectStore, metrics: StoreMetrics, clock: Clock): ObjectStore => {
  const call: AroundCall = async ({ verb, sentBytes }, run) => {
    const beganMs = clock.monotonicMs();
    const count = (failures: number, received: number): void => {
      metrics.add(verb, { failures, sentBytes, receivedBytes: received, tookMs: clock.monotonicMs() - beganMs });
    };
    try {
      const answer = await run();
      count(0, receivedBytes(answer));
      return answer;
    } catch (caught) {
      count(1, 0);
      throw caught;
    }
  };
  return new WrappedStore(store, {
    call,
    list: async function* (asked, open) {
      const beganMs = clock.monotonicMs();
      let failures = 1;
      try {
        yield* open();
        failures = 0;
      } finally {
        metrics.add(asked.verb, { failures, sentBytes: 0, receivedBytes: 0, tookMs: clock.monotonicMs() - beganMs });
      }
    },
  });
};
