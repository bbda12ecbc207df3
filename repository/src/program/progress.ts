import type { Writable } from "node:stream";
import type { Clock } from "@holdfast/shared/clock/clock";
import type { Terminal } from "./output.ts";

/** Milliseconds between two lines of progress, on a terminal and elsewhere. */
const everyMs = { terminal: 200, plain: 5_000 } as const;

/** Tells how far something is: one line that is redrawn on a terminal, a line now and then elsewhere. */
export class Progress {
  readonly #stream: Writable & { readonly isTTY?: boolean };
  readonly #clock: Clock;
  #toldMs: number;

  /** `quietAtFirst`: nothing is shown of what is over before a second line would be. */
  constructor(stream: Writable & { readonly isTTY?: boolean }, clock: Clock, { quietAtFirst = false } = {}) {
    this.#stream = stream;
    this.#clock = clock;
    this.#toldMs = quietAtFirst ? clock.monotonicMs() : Number.NEGATIVE_INFINITY;
  }

  /** Shows the line unless one was shown just before; tells whether it did. */
  tell(line: string): boolean {
    const isTerminal = this.#stream.isTTY === true;
    const now = this.#clock.monotonicMs();
    if (now - this.#toldMs < (isTerminal ? everyMs.terminal : everyMs.plain)) return false;
    this.#toldMs = now;
    this.#stream.write(isTerminal ? `\r\u001b[K${line}` : `${line}\n`);
    return true;
  }

  /** Shows the last line. */
  end(line: string): void {
    this.#stream.write(this.#stream.isTTY === true ? `\r\u001b[K${line}\n` : `${line}\n`);
  }
}

/** Tells how many packs were read for the index; silent for what takes less than a line's time. */
export const tellPacks = ({
  terminal,
  clock,
}: {
  readonly terminal: Terminal;
  readonly clock: Clock;
}): ((done: number, total: number) => void) => {
  const progress = new Progress(terminal.stderr, clock, { quietAtFirst: true });
  let isShown = false;
  return (done, total) => {
    const line = `reading what is in packs: ${done} of ${total}`;
    isShown = progress.tell(line) || isShown;
    // What is written next begins a line of its own.
    if (isShown && done === total) progress.end(line);
  };
};
