/** What the sample thread is started with. */
export interface SampleStart {
  readonly greeting: string;
  /** Counts what the thread lived to do. */
  readonly closed: Int32Array;
}

/** What the sample thread can be asked. */
export type SampleCalls = {
  readonly greet: (name: string) => string;
  /** Answers the same bytes, given back. */
  readonly fill: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
  /** Throws this code with this detail. */
  readonly fail: (disk: string) => never;
  /** Answers the number of calls that began before it, without waiting. */
  readonly count: (argument: undefined) => number;
  /** Waits until it is told to stop. */
  readonly wait: (argument: undefined, signal: AbortSignal) => Promise<never>;
  /** Answers something that no message can carry. */
  readonly answerFunction: (argument: undefined) => unknown;
  readonly throwOutside: (argument: undefined) => Promise<never>;
  readonly exit: (argument: undefined) => Promise<never>;
};
