/** What is asked of a store: its methods, those of an object on its way, and those of its retention. */
export type StoreVerb =
  | "putIfAbsent"
  | "stage"
  | "write"
  | "publish"
  | "discard"
  | "get"
  | "getRange"
  | "sizeOf"
  | "list"
  | "confirm"
  | "remove"
  | "removeLeftovers"
  | "space"
  | "clock"
  | "lockUntil"
  | "lockedUntil";

/** One call, as those who stand around a store see it. */
export interface StoreCall {
  readonly verb: StoreVerb;
  /** Of the object or folder; empty where there is none. */
  readonly name: string;
  /** Bytes of objects that the call sends. */
  readonly sentBytes: number;
  /** Bytes of an object that it asks for, where the caller says how many. */
  readonly askedBytes: number;
  readonly signal: AbortSignal | undefined;
}

/** Does something before, after or instead of a call. */
export type AroundCall = <T>(call: StoreCall, run: () => Promise<T>) => Promise<T>;

/** The same for a listing, which is a call that gives one name after another. */
export type AroundList = (call: StoreCall, open: () => AsyncIterable<string>) => AsyncIterable<string>;

/** Bytes that a call brought back; 0 for answers that are no bytes. */
export const receivedBytes = (answer: unknown): number => (answer instanceof Uint8Array ? answer.byteLength : 0);
