import type { Clock } from "../clock/clock.ts";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { type Backoff, delayMs, type RandomFraction } from "./backoff.ts";
import { systemFraction } from "./random-fraction.ts";

/** How often to try, and how long to wait between. */
export interface RetryPolicy extends Backoff {
  /** Tries in all, the first included; `Infinity` ends by the signal alone. */
  readonly attempts: number;
}

/** What retrying needs, and what it may be told. */
export interface RetryDeps {
  readonly clock: Clock;
  readonly random?: RandomFraction;
  /** Which failures are worth another try; those whose code says so unless told. */
  readonly isRetryable?: (caught: unknown) => boolean;
  /** Called before each wait. */
  readonly onRetry?: (failure: { readonly caught: unknown; readonly attempt: number; readonly waitMs: number }) => void;
}

/** Tries until it succeeds, fails for good, was tried often enough, or the signal aborts; throws the last failure. */
export const retry = async <T>(
  policy: RetryPolicy,
  signal: AbortSignal,
  attempt: (signal: AbortSignal, number: number) => Promise<T>,
  { clock, random = systemFraction, isRetryable = isRetryableError, onRetry }: RetryDeps,
): Promise<T> => {
  for (let number = 1; ; number += 1) {
    signal.throwIfAborted();
    try {
      return await attempt(signal, number);
    } catch (caught) {
      if (signal.aborted || number >= policy.attempts || !isRetryable(caught)) throw caught;
      const waitMs = delayMs(policy, number, random);
      onRetry?.({ caught, attempt: number, waitMs });
      await clock.sleep(waitMs, signal);
    }
  }
};

/** True for a failure of ours whose code says that the same request may succeed later. */
export const isRetryableError = (caught: unknown): boolean => caught instanceof HoldfastError && caught.retryable;
