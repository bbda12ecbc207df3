import type { Transferable } from "node:worker_threads";

/**
 * What a thread can be asked: each call takes one argument and answers one value, both cloneable. The signal aborts when
 * the caller wants no answer any more.
 */
export type CallTable = { readonly [name: string]: (argument: never, signal: AbortSignal) => unknown };

/** The argument of a call of a table. */
export type ArgumentOf<Calls extends CallTable, Name extends keyof Calls> = Parameters<Calls[Name]>[0];
/** What a call of a table resolves to. */
export type AnswerOf<Calls extends CallTable, Name extends keyof Calls> = Awaited<ReturnType<Calls[Name]>>;

/** How one call is made. */
export interface CallOptions {
  /** Buffers that are given away instead of copied. */
  readonly transfer?: readonly Transferable[];
  readonly signal?: AbortSignal;
}

/** Something that answers calls, usually in a thread of its own. Calls begin in the order in which they were made. */
export interface Thread<Calls extends CallTable> extends AsyncDisposable {
  /** Calls that are not answered yet. */
  readonly load: number;
  /**
   * Rejects with what the thread threw, with the signal's reason once the thread let go, with CANCELLED when the thread was
   * closed, or with INTERNAL when it died.
   */
  call<Name extends keyof Calls & string>(
    name: Name,
    argument: ArgumentOf<Calls, Name>,
    options?: CallOptions,
  ): Promise<AnswerOf<Calls, Name>>;
}
