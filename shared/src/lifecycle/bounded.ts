import { HoldfastError } from "../errors/holdfast-error.ts";
import { onAbort } from "./abort.ts";

interface Waiter {
  readonly amount: number;
  readonly resolve: (taken: Disposable) => void;
}

/**
 * A number of bytes that work shares (R7). Takers are served in the order in which they came; one that asks for more than
 * the whole budget is refused, since it would wait for ever.
 */
export class ByteBudget {
  readonly totalBytes: number;
  readonly #waiters: Waiter[] = [];
  #freeBytes: number;

  constructor(totalBytes: number) {
    this.totalBytes = totalBytes;
    this.#freeBytes = totalBytes;
  }

  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** How many takers wait. */
  get waiting(): number {
    return this.#waiters.length;
  }

  /** Resolves with the bytes taken, which disposing gives back (once); rejects with the signal's reason. */
  take(bytes: number, signal?: AbortSignal): Promise<Disposable> {
    if (bytes > this.totalBytes) {
      const details = { bytes, totalBytes: this.totalBytes };
      return Promise.reject(new HoldfastError("INVALID_ARGUMENT", "more than the whole budget", { details }));
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        amount: bytes,
        resolve: (taken) => {
          unlink();
          resolve(taken);
        },
      };
      let isOver = false;
      const unlink = onAbort(signal, (reason) => {
        isOver = true;
        reject(reason);
        this.#forget(waiter);
      });
      if (isOver) return;
      this.#waiters.push(waiter);
      this.#serve();
    });
  }

  #forget(waiter: Waiter): void {
    const index = this.#waiters.indexOf(waiter);
    if (index < 0) return;
    this.#waiters.splice(index, 1);
    this.#serve();
  }

  #serve(): void {
    for (
      let first = this.#waiters[0];
      first !== undefined && first.amount <= this.#freeBytes;
      first = this.#waiters[0]
    ) {
      this.#waiters.shift();
      this.#freeBytes -= first.amount;
      first.resolve(this.#lease(first.amount));
    }
  }

  #lease(bytes: number): Disposable {
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#freeBytes += bytes;
        this.#serve();
      },
    };
  }
}

/** A number of permits; takers are served in the order in which they came. */
export class Semaphore {
  readonly #budget: ByteBudget;

  constructor(permits: number) {
    this.#budget = new ByteBudget(permits);
  }

  get waiting(): number {
    return this.#budget.waiting;
  }

  get free(): number {
    return this.#budget.freeBytes;
  }

  /** Resolves with a permit, which disposing gives back; rejects with the signal's reason. */
  acquire(signal?: AbortSignal): Promise<Disposable> {
    return this.#budget.take(1, signal);
  }
}

/**
 * Runs `work` on every item, at most `limit` at once, and gives the results in the items' order. The first failure aborts
 * the signal of the others, waits for them, and is thrown; several are thrown as one AggregateError.
 */
export const mapBounded = async <Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result[]> => {
  const stop = new AbortController();
  const unlink = onAbort(signal, (reason) => {
    stop.abort(reason);
  });
  const results = new Map<number, Result>();
  const failures: unknown[] = [];
  const rest = items.entries();

  const runSome = async (): Promise<void> => {
    for (const [index, item] of rest) {
      if (stop.signal.aborted) return;
      try {
        results.set(index, await work(item, stop.signal));
      } catch (caught) {
        if (!stop.signal.aborted || !isReason(caught, stop.signal)) failures.push(caught);
        stop.abort(new HoldfastError("CANCELLED", "another of the same group failed"));
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, runSome));
  unlink();

  signal?.throwIfAborted();
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, `${failures.length} of ${items.length} failed`);
  return items.map((_, index) => results.get(index) as Result);
};

/** True for what only follows from our own abort of the others. */
const isReason = (caught: unknown, signal: AbortSignal): boolean =>
  caught === signal.reason || (caught instanceof HoldfastError && caught.code === "CANCELLED");
