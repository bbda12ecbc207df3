/** Work that is done a bounded number at once, in the order of its arrival; what would wait too long in line is refused. */
export interface BoundedWork {
  /** False when the line is full and the task was not taken. Tasks do not reject. */
  offer(task: () => Promise<void>): boolean;
  /** Resolves when everything taken so far is done. */
  idle(): Promise<void>;
}

/** Makes a line of at most `maxWaiting` tasks before `concurrency` places. */
export const createBoundedWork = (concurrency: number, maxWaiting: number): BoundedWork => {
  const waiting: (() => Promise<void>)[] = [];
  const running = new Set<Promise<void>>();

  const run = async (first: () => Promise<void>): Promise<void> => {
    for (let task: typeof first | undefined = first; task !== undefined; task = waiting.shift()) await task();
  };
  const start = async (task: () => Promise<void>): Promise<void> => {
    const work = run(task);
    running.add(work);
    await work;
    running.delete(work);
  };

  return {
    offer: (task) => {
      if (running.size < concurrency) {
        void start(task);
        return true;
      }
      if (waiting.length >= maxWaiting) return false;
      waiting.push(task);
      return true;
    },
    idle: async () => {
      await Promise.all(running);
    },
  };
};
