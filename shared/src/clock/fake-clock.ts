import type { Clock } from "./clock.ts";

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Moves time on and lets everything due by then happen, in its order. */
  advance(ms: number): Promise<void>;
  /** How many sleeps and callbacks wait for a later time. */
  readonly waiting: number;
}

interface Due {
  readonly atMs: number;
  readonly fire: () => void;
}

/** Makes a clock that starts at `startMs` since 1970. */
export const createFakeClock = (startMs = 1_700_000_000_000): FakeClock => {
  const pending = new Set<Due>();
  let passedMs = 0;

  const after = (ms: number, fire: () => void): (() => void) => {
    const due = { atMs: passedMs + ms, fire };
    pending.add(due);
    return () => {
      pending.delete(due);
    };
  };
  const next = (untilMs: number): Due | undefined =>
    [...pending].filter(({ atMs }) => atMs <= untilMs).toSorted((a, b) => a.atMs - b.atMs)[0];

  return {
    nowMs: () => startMs + passedMs,
    monotonicMs: () => passedMs,
    after,
    sleep: (ms, signal) => sleepUntil((fire) => after(ms, fire), signal),
    timeout: (ms) => {
      const controller = new AbortController();
      after(ms, () => {
        controller.abort(new DOMException("the time is up", "TimeoutError"));
      });
      return controller.signal;
    },
    advance: async (ms) => {
      const untilMs = passedMs + ms;
      await turn();
      for (let due = next(untilMs); due !== undefined; due = next(untilMs)) {
        pending.delete(due);
        passedMs = Math.max(passedMs, due.atMs);
        due.fire();
        await turn();
      }
      passedMs = untilMs;
      await turn();
    },
    get waiting() {
      return pending.size;
    },
  };
};

const sleepUntil = (schedule: (fire: () => void) => () => void, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = schedule(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });

/** Lets promises and immediates that are ready run. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
