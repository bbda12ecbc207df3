import type { Clock } from "@holdfast/shared/clock/clock";

/**
 * When each open attempt was last heard of, by the monotonic clock of this process (A4). One that was never heard since the
 * controller started is given a full time-out from the moment it is first asked about.
 */
export interface AttemptLiveness {
  heard(attemptId: string): void;
  isLost(attemptId: string): boolean;
  /** True once its agent has named the attempt since it was allotted: the answer to its claim has arrived. */
  isAcknowledged(attemptId: string): boolean;
  /** Starts the time-out of an attempt that was just allotted. */
  allotted(attemptId: string): void;
  forget(attemptId: string): void;
}

export const createAttemptLiveness = (clock: Clock, timeoutMs: number): AttemptLiveness => {
  const seen = new Map<string, { readonly atMs: number; readonly isAcknowledged: boolean }>();
  return {
    heard: (attemptId) => {
      seen.set(attemptId, { atMs: clock.monotonicMs(), isAcknowledged: true });
    },
    allotted: (attemptId) => {
      seen.set(attemptId, { atMs: clock.monotonicMs(), isAcknowledged: false });
    },
    isLost: (attemptId) => {
      const last = seen.get(attemptId);
      if (last !== undefined) return clock.monotonicMs() - last.atMs > timeoutMs;
      seen.set(attemptId, { atMs: clock.monotonicMs(), isAcknowledged: true });
      return false;
    },
    isAcknowledged: (attemptId) => seen.get(attemptId)?.isAcknowledged ?? true,
    forget: (attemptId) => {
      seen.delete(attemptId);
    },
  };
};
