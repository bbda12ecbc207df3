import { orAborted } from "@holdfast/shared/lifecycle/abort";
import type { Thread } from "@holdfast/shared/threads/thread";

/** What a thread of a pool can be asked: one kind of work. */
export type LaneCalls<Request, Answer> = {
  readonly work: (request: Request, signal: AbortSignal) => Promise<Answer>;
};

type Lane<Request, Answer> = Thread<LaneCalls<Request, Answer>>;

/**
 * Several threads of one kind that share the work of one attempt. A thread is started when work first needs it, and each
 * answers `perLane` requests at once, so that it reads one run while it sends another.
 */
export class LanePool<Request, Answer> implements AsyncDisposable {
  readonly #open: () => Lane<Request, Answer>;
  readonly #perLane: number;
  readonly #threads: Lane<Request, Answer>[] = [];
  #free: Lane<Request, Answer>[] = [];
  readonly #waiting: ((thread: Lane<Request, Answer>) => void)[] = [];

  constructor(open: () => Lane<Request, Answer>, perLane: number) {
    this.#open = open;
    this.#perLane = perLane;
  }

  /** Asks `lanes` threads the same; only these get work until the next call of this. No other call may be under way. */
  async prepare(request: Request, lanes: number, signal: AbortSignal): Promise<void> {
    while (this.#threads.length < lanes) this.#threads.push(this.#open());
    const chosen = this.#threads.slice(0, Math.max(1, lanes));
    await Promise.all(chosen.map((thread) => thread.call("work", request, { signal })));
    this.#free = Array.from({ length: this.#perLane }, () => chosen).flat();
  }

  /** Asks every thread the same and waits for all. */
  async tellAll(request: Request, signal: AbortSignal): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.call("work", request, { signal })));
  }

  /** Resolves when a lane took the request; `answer` settles when it is done. Requests are taken in the order of the calls. */
  async submit(request: Request, signal: AbortSignal): Promise<{ readonly answer: Promise<Answer> }> {
    const thread = await this.#take(signal);
    const answer = thread.call("work", request, { signal }).finally(() => {
      this.#give(thread);
    });
    // Whoever submitted may look at it late; until then a failure must not count as unhandled.
    answer.catch(() => undefined);
    return { answer };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread[Symbol.asyncDispose]()));
  }

  async #take(signal: AbortSignal): Promise<Lane<Request, Answer>> {
    signal.throwIfAborted();
    const free = this.#free.shift();
    if (free !== undefined) return free;
    const { promise, resolve } = Promise.withResolvers<Lane<Request, Answer>>();
    this.#waiting.push(resolve);
    try {
      return await orAborted(promise, signal);
    } catch (caught) {
      const at = this.#waiting.indexOf(resolve);
      if (at !== -1) this.#waiting.splice(at, 1);
      else void promise.then((thread) => this.#give(thread));
      throw caught;
    }
  }

  #give(thread: Lane<Request, Answer>): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(thread);
    else next(thread);
  }
}
