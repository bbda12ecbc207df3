/**
 * Runs works, at most `atOnce` together, and yields the results in the order in which they come. The first failure is thrown at once;
 * what runs then, or when the reader leaves, is left to end by itself: give each a signal.
 */
export async function* asTheyCome<Result>(
  works: readonly (() => Promise<Result>)[],
  atOnce: number,
): AsyncGenerator<Result> {
  const waiting = works.values();
  const running = new Map<number, Promise<readonly [number, Result]>>();
  let started = 0;
  const startMore = (): void => {
    while (running.size < atOnce) {
      const next = waiting.next();
      if (next.done === true) return;
      const key = started;
      started += 1;
      const one = next.value().then((result) => [key, result] as const);
      // Left behind, it must not count as a failure that nobody saw.
      one.catch(() => undefined);
      running.set(key, one);
    }
  };
  for (startMore(); running.size > 0; startMore()) {
    const [key, result] = await Promise.race(running.values());
    running.delete(key);
    yield result;
  }
}
