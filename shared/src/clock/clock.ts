import { setTimeout as delay } from "node:timers/promises";

/** Time as a dependency: the only way that our code learns the time or waits. */
export interface Clock {
  /** Wall-clock time, UTC milliseconds since 1970; for showing and for calendars, never for ordering (R11). */
  nowMs(): number;
  /** Milliseconds of a clock that never jumps; for leases, heartbeats and rates within this process. */
  monotonicMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason when that comes first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** A signal that aborts with a TimeoutError after `ms`. */
  timeout(ms: number): AbortSignal;
  /** Calls `callback` once after `ms` unless the returned function is called before; keeps no process alive. */
  after(ms: number, callback: () => void): () => void;
}

/** The machine's own clocks. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    signal?.throwIfAborted();
    try {
      await delay(ms, undefined, signal ? { signal } : {});
    } catch (caught) {
      signal?.throwIfAborted();
      throw caught;
    }
  },
  timeout: (ms) => AbortSignal.timeout(ms),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};

/** UTC time as ISO 8601 with milliseconds, the form in which times are shown and stored as text. */
export const toIso = (epochMs: number): string => new Date(epochMs).toISOString();
