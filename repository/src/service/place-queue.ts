import type { StreamSlots } from "@holdfast/shared/rpc/stream-slots";

/** Waits for a slot and iterates over the places in the queue meanwhile; a reader that is slow sees only the newest. */
export class PlaceQueue implements AsyncIterable<number> {
  readonly slot: Promise<Disposable>;
  #place: number | undefined;
  #hasSlot = false;
  #wake = Promise.withResolvers<void>();

  constructor(slots: StreamSlots, signal: AbortSignal) {
    this.slot = slots.take(signal, (place) => {
      this.#place = place;
      this.#wake.resolve();
    });
    const over = (): void => {
      this.#hasSlot = true;
      this.#wake.resolve();
    };
    this.slot.then(over, over);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<number> {
    while (!this.#hasSlot) {
      const place = this.#place;
      this.#place = undefined;
      if (place !== undefined) {
        yield place;
        continue;
      }
      this.#wake = Promise.withResolvers();
      await this.#wake.promise;
    }
  }
}
