import { HoldfastError } from "../errors/holdfast-error.ts";

/**
 * Settles as `promise` does, or rejects with the signal's reason when that comes first. Unlike `Promise.race` it leaves
 * nothing behind on the signal, so a stream may wait a million times against one.
 */
export const orAborted = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason);
    };
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    const forget = (): void => {
      signal.removeEventListener("abort", onAbort);
    };
    promise.then(resolve, reject).then(forget, forget);
  });

/** Resolves when the signal aborts: how a main program waits for its end. */
export const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    onAbort(signal, () => {
      resolve();
    });
  });

/** Calls back once with the signal's reason, now or later; the result takes the callback away. */
export const onAbort = (signal: AbortSignal | undefined, callback: (reason: unknown) => void): (() => void) => {
  if (signal === undefined) return () => undefined;

  const listener = (): void => {
    callback(signal.reason);
  };
  if (signal.aborted) listener();
  else signal.addEventListener("abort", listener, { once: true });
  return () => {
    signal.removeEventListener("abort", listener);
  };
};

/** What a caller is told after an abort: the reason when it is one of ours, TIMEOUT after a time limit, else CANCELLED. */
export const toAbortError = (reason: unknown): HoldfastError => {
  if (reason instanceof HoldfastError) return reason;
  if (reason instanceof Error && reason.name === "TimeoutError") {
    return new HoldfastError("TIMEOUT", "it took longer than allowed", { cause: reason });
  }
  return new HoldfastError("CANCELLED", "cancelled", { cause: reason });
};
