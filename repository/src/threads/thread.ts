import type { Transferable } from "node:worker_threads";
import type { CallTable } from "./messages.ts";

/** The argument of a call of a table. */
export type ArgumentOf<Calls extends CallTable, Name extends keyof Calls> = Parameters<Calls[Name]>[0];
/** What a call of a table resolves to. */
export type AnswerOf<Calls extends CallTable, Name extends keyof Calls> = Awaited<ReturnType<Calls[Name]>>;

/** Something that answers calls one after another, usually in a thread of its own. */
export interface Thread<Calls extends CallTable> extends AsyncDisposable {
  /** Calls that are not answered yet. */
  readonly load: number;
  /** Asks; buffers in `transfer` are given away. */
  call<Name extends keyof Calls & string>(
    name: Name,
    argument: ArgumentOf<Calls, Name>,
    transfer?: readonly Transferable[],
  ): Promise<AnswerOf<Calls, Name>>;
}
