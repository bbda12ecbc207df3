import { type ErrorCode, traitsOf } from "./codes.ts";

/** Facts that go with an error: ids, sizes, paths. Never a secret. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean>>;

interface ErrorParts {
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
}

/**
 * The only error that is told to a user. `message` says what failed with its ids, in lower case, without advice.
 * Anything else that is thrown is a bug, becomes INTERNAL at a boundary, and is logged with its stack.
 */
export class HoldfastError extends Error {
  override readonly name = "HoldfastError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, parts: ErrorParts = {}) {
    super(message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.code = code;
    this.details = parts.details ?? {};
  }

  /** True when the same request may succeed later without anyone acting. */
  get retryable(): boolean {
    return traitsOf(this.code).retryable;
  }

  /** Turns anything caught into one of ours: itself, CANCELLED for an abort, INTERNAL for the rest. */
  static from(caught: unknown): HoldfastError {
    if (caught instanceof HoldfastError) return caught;
    if (isAbort(caught)) {
      const reason: unknown = caught.cause;
      return reason instanceof HoldfastError ? reason : new HoldfastError("CANCELLED", "cancelled", { cause: caught });
    }
    const message = caught instanceof Error ? caught.message : String(caught);
    return new HoldfastError("INTERNAL", message, { cause: caught });
  }
}

/** True when something caught carries this code. */
export const hasCode = (caught: unknown, ...codes: readonly ErrorCode[]): boolean =>
  caught instanceof HoldfastError && codes.includes(caught.code);

const isAbort = (caught: unknown): caught is Error => caught instanceof Error && caught.name === "AbortError";
