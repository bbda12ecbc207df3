import type { Clock } from "@holdfast/shared/clock/clock";

/** How long something has been waited for, by name; a restart of the controller begins anew. */
export interface Patience {
  /** Milliseconds since it was first asked about under this name; 0 the first time. */
  waitedMs(name: string): number;
  /** The same without beginning: 0 when it was never asked about. */
  soFarMs(name: string): number;
  forget(name: string): void;
}

export const createPatience = (clock: Clock): Patience => {
  const since = new Map<string, number>();
  return {
    waitedMs: (name) => {
      const startMs = since.get(name) ?? clock.monotonicMs();
      since.set(name, startMs);
      return clock.monotonicMs() - startMs;
    },
    soFarMs: (name) => {
      const startMs = since.get(name);
      return startMs === undefined ? 0 : clock.monotonicMs() - startMs;
    },
    forget: (name) => {
      since.delete(name);
    },
  };
};
