import type { Patience } from "../sessions/patience.ts";

/** What is timed of a worker: its launch, the wait for a hello, its idleness, its fall, an action asked for, and a lost answer. */
type Timed = "launch" | "hello" | "idle" | "fall" | "action" | "late";

/** The clocks of one worker; a restart of the controller begins them anew. */
export interface WorkerClocks {
  /** Milliseconds since it was started; starts it when it does not run. */
  ms(timed: Timed): number;
  /** The same without starting it: 0 when it does not run. */
  soFarMs(timed: Timed): number;
  restart(timed: Timed): void;
  stop(timed: Timed): void;
}

/** Keeps them in `patience` under names of this worker, beside those of others. */
export const clocksOf = (patience: Patience, workerId: string): WorkerClocks => {
  const nameOf = (timed: Timed): string => `worker ${workerId} ${timed}`;
  return {
    ms: (timed) => patience.waitedMs(nameOf(timed)),
    soFarMs: (timed) => patience.soFarMs(nameOf(timed)),
    restart: (timed) => {
      patience.forget(nameOf(timed));
      patience.waitedMs(nameOf(timed));
    },
    stop: (timed) => {
      patience.forget(nameOf(timed));
    },
  };
};
