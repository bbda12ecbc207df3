import { type ErrorCode, isErrorCode } from "@holdfast/shared/errors/codes";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

/** What a thread can be asked: each takes one argument and answers one value, both cloneable. */
export type CallTable = { readonly [name: string]: (argument: never) => unknown };

/** Main thread to worker. */
export interface CallMessage {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

/** An error on its way between threads; a code of ours survives, anything else becomes INTERNAL. */
export interface CarriedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly stack: string | undefined;
}

/** Worker to main thread. */
export type AnswerMessage =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: CarriedError };

/** Packs an error for the other thread. */
export const carryError = (caught: unknown): CarriedError => {
  const error = HoldfastError.from(caught);
  return { code: error.code, message: error.message, stack: error.stack };
};

/** Makes the error that a thread carried over; its stack there is kept as the cause. */
export const uncarryError = ({ code, message, stack }: CarriedError): HoldfastError => {
  const cause = new Error(`in a worker thread: ${stack ?? message}`);
  return new HoldfastError(isErrorCode(code) ? code : "INTERNAL", message, { cause });
};
