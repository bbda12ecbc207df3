/** Tells watchers that a session changed; what it is now they read themselves. */
export interface ChangeFeed {
  changed(sessionId: string): void;
  /** Calls back at every change of any session. */
  listen(callback: (sessionId: string) => void): void;
  /** Resolves at the next change after this call, or when the signal aborts. */
  next(sessionId: string, signal: AbortSignal): Promise<void>;
}

export const createChangeFeed = (): ChangeFeed => {
  const waiting = new Map<string, Set<() => void>>();
  const listeners: ((sessionId: string) => void)[] = [];
  return {
    changed: (sessionId) => {
      const callbacks = waiting.get(sessionId);
      waiting.delete(sessionId);
      for (const callback of callbacks ?? []) callback();
      for (const listener of listeners) listener(sessionId);
    },
    listen: (callback) => {
      listeners.push(callback);
    },
    next: (sessionId, signal) =>
      new Promise((resolve) => {
        const callbacks = waiting.get(sessionId) ?? new Set();
        waiting.set(sessionId, callbacks);
        const done = (): void => {
          callbacks.delete(done);
          if (callbacks.size === 0 && waiting.get(sessionId) === callbacks) waiting.delete(sessionId);
          signal.removeEventListener("abort", done);
          resolve();
        };
        callbacks.add(done);
        signal.addEventListener("abort", done, { once: true });
        if (signal.aborted) done();
      }),
  };
};
