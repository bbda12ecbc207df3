import type { Clock } from "@holdfast/shared/clock/clock";

/** What a command touches of the outside, so that tests give their own. */
export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Writes results to standard output; awaits a slow reader. */
  readonly print: (text: string) => void;
  /** Writes questions, progress and remarks to standard error. */
  readonly note: (text: string) => void;
  /** True when standard output is a terminal: live progress may be drawn. */
  readonly isTerminal: boolean;
  /** Asks a question on the terminal and gives the answer; undefined when there is no terminal to ask. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  /** Reads a secret without showing it; undefined when there is no terminal. */
  readonly askSecret: ((question: string) => Promise<string>) | undefined;
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal;
  /** Sets the exit code of a command that did its work but has bad news, such as a failed session. */
  readonly setExitCode: (code: number) => void;
}
