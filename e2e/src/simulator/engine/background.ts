import type { Logger } from "@holdfast/shared/logging/logger";

import type { Jobs } from "./jobs.ts";

/** The engine's asynchronous commands: what goes on after an answer was given. Disposing it aborts and waits for all. */
export interface Background extends AsyncDisposable {
  readonly signal: AbortSignal;
  /** Starts a command; an error that it lets escape is a bug of the simulator and is logged. */
  run(name: string, work: () => Promise<void>): void;
}

/** Opens an empty set of background commands. */
export const openBackground = (log: Logger, jobs: Pick<Jobs, "follow">): Background => {
  const abort = new AbortController();
  const running = new Set<Promise<void>>();
  return {
    signal: abort.signal,
    run: (name, unowned) => {
      const work = jobs.follow(unowned);
      const guarded = async (): Promise<void> => {
        try {
          await work();
        } catch (caught) {
          if (!abort.signal.aborted) log.error("a background command broke", { command: name, err: caught });
        }
      };
      const promise = guarded().finally(() => running.delete(promise));
      running.add(promise);
    },
    [Symbol.asyncDispose]: async () => {
      abort.abort();
      while (running.size > 0) await Promise.all(running);
    },
  };
};
