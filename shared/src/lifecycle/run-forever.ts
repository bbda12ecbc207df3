import type { Clock } from "../clock/clock.ts";
import type { Logger } from "../logging/logger.ts";
import { type Backoff, delayMs, type RandomFraction } from "../retry/backoff.ts";
import { systemFraction } from "../retry/random-fraction.ts";

/** How a loop runs. */
export interface LoopOptions {
  /** Names the loop in its log lines. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Milliseconds between the end of a step and the next, unless the step says otherwise. */
  readonly everyMs: number;
  /** Waits after failures in a row. */
  readonly backoff?: Backoff;
  readonly random?: RandomFraction;
}

/** One step of a loop; the number that it may give is milliseconds until the next. */
export type LoopStep = (signal: AbortSignal) => Promise<number | void>;

/**
 * Takes steps until the signal aborts, then resolves. A failing step never ends the loop: the first failure of a streak is
 * one line in the log, its end another.
 */
export const runForever = async (signal: AbortSignal, step: LoopStep, options: LoopOptions): Promise<void> => {
  const { name, clock, log, everyMs, backoff = { firstMs: 500, maxMs: 30_000 }, random = systemFraction } = options;
  let failures = 0;

  while (!signal.aborted) {
    let waitMs = everyMs;
    try {
      waitMs = (await step(signal)) ?? everyMs;
      if (failures > 0) log.info("loop recovered", { loop: name, failures });
      failures = 0;
    } catch (caught) {
      if (signal.aborted) break;
      failures += 1;
      const line = { loop: name, failures, err: caught };
      if (failures === 1) log.warn("loop failed", line);
      else log.debug("loop failed again", line);
      waitMs = delayMs(backoff, failures, random);
    }
    await sleepQuietly(clock, waitMs, signal);
  }
};

/** An abort ends the wait; the loop looks at the signal itself. */
const sleepQuietly = async (clock: Clock, ms: number, signal: AbortSignal): Promise<void> => {
  try {
    await clock.sleep(ms, signal);
  } catch (caught) {
    if (!signal.aborted) throw caught;
  }
};
