import { onAbort } from "../lifecycle/abort.ts";

interface Waiting {
  readonly admit: () => void;
  readonly onPlace: ((place: number) => void) | undefined;
}

/**
 * The streams of a server that may be granted bytes at once (R7). The rest wait in the order in which they came, and are
 * told their place, from 1, whenever it changes.
 */
export class StreamSlots {
  readonly limit: number;
  readonly #queue: Waiting[] = [];
  #taken = 0;

  constructor(limit = 16) {
    this.limit = limit;
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Resolves with a slot, which disposing gives back (once); rejects with the signal's reason. */
  take(signal?: AbortSignal, onPlace?: (place: number) => void): Promise<Disposable> {
    return new Promise((resolve, reject) => {
      let isOver = false;
      const waiting: Waiting = {
        admit: () => {
          unlink();
          resolve(this.#lease());
        },
        onPlace,
      };
      const unlink = onAbort(signal, (reason) => {
        isOver = true;
        reject(reason);
        this.#leave(waiting);
      });
      if (isOver) return;
      this.#queue.push(waiting);
      this.#admit();
      if (this.#queue.includes(waiting)) onPlace?.(this.#queue.length);
    });
  }

  #leave(waiting: Waiting): void {
    const index = this.#queue.indexOf(waiting);
    if (index < 0) return;
    this.#queue.splice(index, 1);
    this.#tellPlaces(index);
  }

  #admit(): void {
    while (this.#taken < this.limit) {
      const first = this.#queue.shift();
      if (first === undefined) return;
      this.#taken += 1;
      first.admit();
      this.#tellPlaces(0);
    }
  }

  #tellPlaces(from: number): void {
    for (const [index, { onPlace }] of this.#queue.entries()) if (index >= from) onPlace?.(index + 1);
  }

  #lease(): Disposable {
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#taken -= 1;
        this.#admit();
      },
    };
  }
}
