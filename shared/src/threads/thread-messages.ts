import type { MessagePort } from "node:worker_threads";
import { type ErrorCode, isErrorCode } from "../errors/codes.ts";
import { type ErrorDetails, HoldfastError } from "../errors/holdfast-error.ts";

/** What a thread is started with: the port that calls come through, and data of its own. */
export interface ThreadStart {
  readonly port: MessagePort;
  readonly start: unknown;
}

/** To a thread: do something, or stop doing it. */
export type ThreadCall =
  | { readonly kind: "call"; readonly id: number; readonly name: string; readonly argument: unknown }
  | { readonly kind: "cancel"; readonly id: number };

/** From a thread: how a call ended. */
export type ThreadReply =
  | { readonly kind: "answered"; readonly id: number; readonly answer: unknown }
  | { readonly kind: "failed"; readonly id: number; readonly error: CarriedError };

/** An error on its way between threads, where classes do not survive; anything that is not ours became INTERNAL. */
export interface CarriedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
  readonly stack: string | undefined;
}

/** Packs what was caught for the other thread. */
export const carryError = (caught: unknown): CarriedError => {
  const { code, message, details, stack } = HoldfastError.from(caught);
  return { code, message, details, stack };
};

/** Makes the error that a thread carried over; its stack there is kept as the cause. */
export const uncarryError = ({ code, message, details, stack }: CarriedError): HoldfastError => {
  const cause = new Error(`in a worker thread: ${stack ?? message}`);
  return new HoldfastError(isErrorCode(code) ? code : "INTERNAL", message, { details, cause });
};
