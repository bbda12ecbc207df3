import type { AnswerOf, ArgumentOf, CallOptions, CallTable, Thread } from "./thread.ts";

/** Answers calls in the caller's own thread: for tests that open hundreds of things. */
export class InlineThread<Calls extends CallTable> implements Thread<Calls> {
  readonly load = 0;
  readonly #calls: Calls;
  readonly #close: () => void;

  constructor(calls: Calls, close: () => void = () => undefined) {
    this.#calls = calls;
    this.#close = close;
  }

  call<Name extends keyof Calls & string>(
    name: Name,
    argument: ArgumentOf<Calls, Name>,
    { signal = new AbortController().signal }: CallOptions = {},
  ): Promise<AnswerOf<Calls, Name>> {
    // The table says what the call takes and answers; indexing it by name loses that.
    return Promise.try(() => this.#calls[name]?.(argument as never, signal) as AnswerOf<Calls, Name>);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.try(this.#close);
  }
}
