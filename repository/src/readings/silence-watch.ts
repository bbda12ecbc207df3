import type { Clock } from "@holdfast/shared/clock/clock";

/** Calls back once when nothing touched it for a time, by the clock that never jumps. */
export class SilenceWatch implements Disposable {
  readonly #clock: Clock;
  readonly #silenceMs: number;
  readonly #onSilence: () => void;
  #touchedMs: number;
  #cancel: () => void;

  constructor(clock: Clock, silenceMs: number, onSilence: () => void) {
    this.#clock = clock;
    this.#silenceMs = silenceMs;
    this.#onSilence = onSilence;
    this.#touchedMs = clock.monotonicMs();
    this.#cancel = this.#wait(silenceMs);
  }

  /** Begins the time anew; cheap enough for every message. */
  touch(): void {
    this.#touchedMs = this.#clock.monotonicMs();
  }

  [Symbol.dispose](): void {
    this.#cancel();
  }

  #wait(ms: number): () => void {
    return this.#clock.after(ms, () => {
      const leftMs = this.#touchedMs + this.#silenceMs - this.#clock.monotonicMs();
      if (leftMs <= 0) this.#onSilence();
      else this.#cancel = this.#wait(leftMs);
    });
  }
}
