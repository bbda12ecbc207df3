import type { Writable } from "node:stream";
import type { Clock } from "@holdfast/shared/clock/clock";

/** Milliseconds between two lines of progress, on a terminal and elsewhere. */
const everyMs = { terminal: 200, plain: 5_000 } as const;

/** Tells how far something is: one line that is redrawn on a terminal, a line now and then elsewhere. */
export class Progress {
  readonly #stream: Writable & { readonly isTTY?: boolean };
  readonly #clock: Clock;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(stream: Writable & { readonly isTTY?: boolean }, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
  }

  /** Shows the line unless one was shown just before. */
  tell(line: string): void {
    const isTerminal = this.#stream.isTTY === true;
    const now = this.#clock.monotonicMs();
    if (now - this.#toldMs < (isTerminal ? everyMs.terminal : everyMs.plain)) return;
    this.#toldMs = now;
    this.#stream.write(isTerminal ? `\r\u001b[K${line}` : `${line}\n`);
  }

  /** Shows the last line. */
  end(line: string): void {
    this.#stream.write(this.#stream.isTTY === true ? `\r\u001b[K${line}\n` : `${line}\n`);
  }
}
