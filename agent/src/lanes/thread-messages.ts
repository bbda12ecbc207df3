import { isErrorCode } from "@holdfast/shared/errors/codes";
import { type ErrorDetails, HoldfastError } from "@holdfast/shared/errors/holdfast-error";

/** An error of ours on its way between threads, where classes do not survive. */
export interface ThreadError {
  readonly code: string;
  readonly message: string;
  readonly details: ErrorDetails;
  readonly stack: string | undefined;
}

/** From the main thread to a lane: do something, or stop doing it. */
export type ThreadCall =
  | { readonly kind: "call"; readonly id: number; readonly request: unknown }
  | { readonly kind: "cancel"; readonly id: number };

/** From a lane to the main thread: how a call ended. */
export type ThreadReply =
  | { readonly kind: "answered"; readonly id: number; readonly answer: unknown }
  | { readonly kind: "failed"; readonly id: number; readonly error: ThreadError };

/** Takes what was caught apart for its way to another thread. */
export const toThreadError = (caught: unknown): ThreadError => {
  const { code, message, details, stack } = HoldfastError.from(caught);
  return { code, message, details, stack };
};

/** Puts together what another thread caught; its stack is the cause. */
export const fromThreadError = ({ code, message, details, stack }: ThreadError): HoldfastError =>
  new HoldfastError(isErrorCode(code) ? code : "INTERNAL", message, { details, cause: stack });
