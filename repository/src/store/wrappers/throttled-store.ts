import type { Clock } from "@holdfast/shared/clock/clock";
import { Semaphore } from "@holdfast/shared/lifecycle/bounded";
import type { ObjectStore } from "../object-store.ts";
import { type AroundCall, receivedBytes, type StoreVerb } from "./store-call.ts";
import { WrappedStore } from "./wrapped-store.ts";

/** How much of a storage is used at once. */
export interface StoreLimits {
  /** Bytes of objects per second, both directions together; 0 for no limit. */
  readonly bytesPerSecond: number;
  readonly callsAtOnce: number;
}

/** Calls that only follow others or touch no storage: they never wait. */
const free: ReadonlySet<StoreVerb> = new Set(["discard", "space"]);

/** Makes calls wait for their turn and their bytes. What was read is paid for afterwards, by the next call. */
export const throttledStore = (store: ObjectStore, limits: StoreLimits, clock: Clock): ObjectStore => {
  const turns = new Semaphore(limits.callsAtOnce);
  const pace = limits.bytesPerSecond === 0 ? undefined : new Pace(limits.bytesPerSecond, clock);
  const call: AroundCall = async (asked, run) => {
    if (free.has(asked.verb)) return await run();
    using _turn = await turns.acquire(asked.signal);
    await pace?.wait(asked.sentBytes, asked.signal);
    const answer = await run();
    pace?.owe(receivedBytes(answer));
    return answer;
  };
  return new WrappedStore(store, { call });
};

/** Bytes over time: each caller waits until what was taken before it has been paid for. */
class Pace {
  readonly #bytesPerMs: number;
  readonly #clock: Clock;
  #paidUntilMs = 0;

  constructor(bytesPerSecond: number, clock: Clock) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#clock = clock;
  }

  async wait(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    const waitMs = this.#paidUntilMs - this.#clock.monotonicMs();
    this.owe(bytes);
    if (waitMs > 0) await this.#clock.sleep(waitMs, signal);
  }

  owe(bytes: number): void {
    this.#paidUntilMs = Math.max(this.#paidUntilMs, this.#clock.monotonicMs()) + bytes / this.#bytesPerMs;
  }
}
