import type { Clock } from "@holdfast/shared/clock/clock";
import { createFakeClock } from "@holdfast/shared/clock/fake-clock";

/** A clock that a test moves on, and whose time of day it can set apart from the time that passes. */
export interface SettableClock {
  readonly clock: Clock;
  /** Lets time pass: both clocks move. */
  readonly pass: (ms: number) => Promise<void>;
  /** Sets the wall clock forward or back; no time passes. */
  readonly jump: (ms: number) => void;
  /** By how much the wall clock was set forward in all. */
  readonly offsetMs: number;
}

/** Makes one that starts at `startMs` since 1970. */
export const createSettableClock = (startMs?: number): SettableClock => {
  const fake = createFakeClock(startMs);
  let offsetMs = 0;
  return {
    clock: { ...fake, nowMs: () => fake.nowMs() + offsetMs },
    pass: (ms) => fake.advance(ms),
    jump: (ms) => {
      offsetMs += ms;
    },
    get offsetMs() {
      return offsetMs;
    },
  };
};
