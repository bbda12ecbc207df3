import type { Clock } from "@holdfast/shared/clock/clock";
import type { ErrorCode } from "@holdfast/shared/errors/codes";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { Logger } from "@holdfast/shared/logging/logger";
import { retry } from "@holdfast/shared/retry/retry";

/** Times that one attempt begins anew because a repository restarted under it. */
const mostTries = 4;
/** A repository that restarts is waited for about half a minute. */
const opening = { attempts: 8, firstMs: 250, maxMs: 10_000 };

/** What is told when a repository goes away, and how that shows itself beside a lost connection. */
export interface Restarts {
  readonly log: Logger;
  readonly words: string;
  readonly codes: readonly ErrorCode[];
}

/** Does the work again when a repository restarted under it, a few times; then REPOSITORY_UNREACHABLE. */
export const throughRestarts = async <Result>(
  { log, words, codes }: Restarts,
  work: () => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> => {
  for (let number = 1; ; number += 1) {
    try {
      return await work();
    } catch (caught) {
      signal.throwIfAborted();
      if (!hasCode(caught, "UNAVAILABLE", "UPLOAD_UNKNOWN", "REPOSITORY_NOT_OWNED", ...codes)) throw caught;
      if (number === mostTries) throw unreachable(caught);
      log.warn(words, { err: caught });
    }
  }
};

/** Opens something in a repository, which is waited for while it cannot be reached; then REPOSITORY_UNREACHABLE. */
export const openPatiently = async <Opened>(
  clock: Clock,
  open: (signal: AbortSignal) => Promise<Opened>,
  signal: AbortSignal,
): Promise<Opened> => {
  const isRetryable = (caught: unknown): boolean => hasCode(caught, "UNAVAILABLE");
  try {
    return await retry(opening, signal, open, { clock, isRetryable });
  } catch (caught) {
    signal.throwIfAborted();
    throw isRetryable(caught) ? unreachable(caught) : caught;
  }
};

const unreachable = (cause: unknown): HoldfastError =>
  new HoldfastError(
    "REPOSITORY_UNREACHABLE",
    `the repository cannot be reached: ${HoldfastError.from(cause).message}`,
    { cause },
  );
