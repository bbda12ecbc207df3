import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { runForever } from "@holdfast/shared/lifecycle/run-forever";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { Next } from "./steps/next.ts";

/** What a runner works with. */
export interface RunnerDeps {
  /** What is stepped: `task`, `session`. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ids of everything that is not final. */
  readonly list: () => Promise<readonly string[]>;
  readonly step: (id: string, signal: AbortSignal) => Promise<Next>;
  readonly sweepMs: number;
}

interface Run {
  readonly controller: AbortController;
  isPoked: boolean;
  readonly ended: Promise<void>;
}

/** Things stepped at once; the others wait for the next sweep. */
const limit = 64;
const retryMs = 2_000;

/**
 * Takes steps with things until they are final: one step at a time with each, many things side by side. What is to be done is
 * found in the database again and again; a poke only makes it faster.
 */
export class TaskRunner implements AsyncDisposable {
  readonly #deps: RunnerDeps;
  readonly #runs = new Map<string, Run>();
  readonly #restingUntil = new Map<string, number>();
  readonly #closing = new AbortController();
  readonly #loop: Promise<void>;

  constructor(deps: RunnerDeps) {
    this.#deps = deps;
    const { name, clock, log, sweepMs: everyMs } = deps;
    this.#loop = runForever(this.#closing.signal, () => this.#sweep(), { name: `${name} runner`, clock, log, everyMs });
  }

  /** Look at it now, or as soon as the step under way is done. */
  readonly poke = (id: string): void => {
    const run = this.#runs.get(id);
    if (run !== undefined) run.isPoked = true;
    else if (this.#runs.size < limit && !this.#closing.signal.aborted) this.#start(id);
  };

  /** Breaks off the step under way, then looks again: for what must not wait, such as a cancellation. */
  readonly interrupt = (id: string): void => {
    this.poke(id);
    this.#runs.get(id)?.controller.abort(new HoldfastError("CANCELLED", "the step was broken off"));
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new HoldfastError("CANCELLED", "the controller stops"));
    for (const { controller } of this.#runs.values()) controller.abort(this.#closing.signal.reason);
    await Promise.all([...this.#runs.values()].map(({ ended }) => ended));
    await this.#loop;
  }

  #start(id: string): void {
    this.#restingUntil.delete(id);
    const controller = new AbortController();
    const run: Run = { controller, isPoked: false, ended: this.#stepOnce(id, controller.signal) };
    this.#runs.set(id, run);
  }

  async #stepOnce(id: string, signal: AbortSignal): Promise<void> {
    const isAgain = await this.#tryStep(id, signal);
    const isPoked = this.#runs.get(id)?.isPoked ?? false;
    this.#runs.delete(id);
    if (isAgain || isPoked) this.poke(id);
  }

  /** True when it is to be looked at again at once. */
  async #tryStep(id: string, signal: AbortSignal): Promise<boolean> {
    const { clock, log, name, step } = this.#deps;
    try {
      // So that the caller, who is about to note this run, goes first.
      await Promise.resolve();
      const next = await step(id, signal);
      if (next.kind === "after") this.#restingUntil.set(id, clock.monotonicMs() + next.ms);
      return next.kind === "again";
    } catch (caught) {
      if (signal.aborted) return true;
      log.warn("a step failed", { [name]: id, err: caught });
      this.#restingUntil.set(id, clock.monotonicMs() + retryMs);
      return false;
    }
  }

  async #sweep(): Promise<void> {
    const nowMs = this.#deps.clock.monotonicMs();
    for (const id of await this.#deps.list()) {
      if (!this.#runs.has(id) && (this.#restingUntil.get(id) ?? 0) <= nowMs) this.poke(id);
    }
  }
}
