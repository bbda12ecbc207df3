import type { Background } from "./background.ts";

interface Turn {
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

/**
 * What is under way for VMs, one thing each: a later one (such as powering off a VM that still boots) aborts the earlier,
 * waits until that has ended, and goes on from there.
 */
export class VmTurns {
  readonly #background: Background;
  readonly #turns = new Map<string, Turn>();

  constructor(background: Background) {
    this.#background = background;
  }

  /** Starts a step in the background; resolves when it ended, however it did. */
  run(vmId: string, name: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const former = this.#turns.get(vmId);
    former?.abort.abort();
    const abort = new AbortController();
    const ended = Promise.withResolvers<void>();
    this.#turns.set(vmId, { abort, done: ended.promise });
    this.#background.run(name, async () => {
      try {
        await former?.done;
        const signal = AbortSignal.any([abort.signal, this.#background.signal]);
        signal.throwIfAborted();
        await work(signal);
      } catch (caught) {
        if (!abort.signal.aborted) throw caught;
      } finally {
        if (this.#turns.get(vmId)?.abort === abort) this.#turns.delete(vmId);
        ended.resolve();
      }
    });
    return ended.promise;
  }
}
