import type { Clock } from "@holdfast/shared/clock/clock";

/** A bell that ends a wait early: what is waited for may have come. */
export class Nudge {
  readonly #waiting = new Set<() => void>();
  #isRung = false;

  ring(): void {
    this.#isRung = this.#waiting.size === 0;
    for (const wake of this.#waiting) wake();
  }

  /** Resolves after `ms` or at the next ring; at once when it rang while nobody waited. Rejects with the signal's reason. */
  async wait(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#isRung) {
      this.#isRung = false;
      return;
    }
    const rung = new AbortController();
    const wake = (): void => {
      rung.abort();
    };
    this.#waiting.add(wake);
    try {
      await clock.sleep(ms, AbortSignal.any([signal, rung.signal]));
    } catch (caught) {
      signal.throwIfAborted();
      if (!rung.signal.aborted) throw caught;
    } finally {
      this.#waiting.delete(wake);
    }
  }
}
