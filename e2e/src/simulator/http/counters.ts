/** How often each route was called since the start or the last reset. */
export interface CallCounters {
  count(route: string): void;
  read(): Readonly<Record<string, number>>;
  reset(): void;
}

/** Opens counters at zero. */
export const openCallCounters = (): CallCounters => {
  const counts = new Map<string, number>();
  return {
    count: (route) => {
      counts.set(route, (counts.get(route) ?? 0) + 1);
    },
    read: () => Object.fromEntries(counts),
    reset: () => {
      counts.clear();
    },
  };
};
