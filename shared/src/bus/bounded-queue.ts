/** A queue of limited length between callbacks and one reader: what does not fit is refused, not held. */
export interface BoundedQueue<T> extends AsyncIterable<T> {
  /** False when the queue is full or closed and the item was dropped. */
  push(item: T): boolean;
  /** Ends the iteration after what is queued; harmless when repeated. */
  readonly close: () => void;
}

/** Makes a queue of at most `limit` unread items. */
export const createBoundedQueue = <T>(limit: number): BoundedQueue<T> => {
  const items: T[] = [];
  let isClosed = false;
  let changed = Promise.withResolvers<void>();
  const notify = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };

  return {
    push: (item) => {
      if (isClosed || items.length >= limit) return false;
      items.push(item);
      notify();
      return true;
    },
    close: () => {
      isClosed = true;
      notify();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const item = items.shift();
        if (item !== undefined) yield item;
        else if (isClosed) return;
        else await changed.promise;
      }
    },
  };
};
