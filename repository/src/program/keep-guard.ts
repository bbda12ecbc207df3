import type { Clock } from "@holdfast/shared/clock/clock";
import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { RepositoryStore } from "../store/repository-store.ts";

/** How often the clocks are compared and the reserve is looked at although nothing asks. */
const everyMs = 60_000;

/** What keeping the guard needs beside the store. */
export interface KeepGuardDeps {
  readonly clock: Clock;
  readonly log: Logger;
}

/** Compares the clocks and keeps the reserve, now and every minute, until it is disposed of. */
export const keepGuard = (store: RepositoryStore, { clock, log }: KeepGuardDeps): AsyncDisposable => {
  const stop = new AbortController();
  let wasAllowed = true;
  const look = async (): Promise<void> => {
    await store.guardedClock.tick();
    const { allowed, why } = store.guardedClock.deletionAllowed();
    if (allowed !== wasAllowed) tell(log, why);
    wasAllowed = allowed;
    await store.refillReserve();
  };
  const keep = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        await look();
      } catch (caught) {
        // That the repository is lost is noticed and told elsewhere.
        if (!hasCode(caught, "REPOSITORY_NOT_OWNED"))
          log.error("the clock or the reserve could not be kept", { err: caught });
      }
      await clock.sleep(everyMs, stop.signal);
    }
  };
  const keeping = keep().catch(() => undefined);
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await keeping;
      // A suspension that was noticed since the last look is written down, as far as that is possible now.
      await store.guardedClock.tick().catch(() => undefined);
    },
  };
};

const tell = (log: Logger, why: string): void => {
  if (why === "") log.info("deletion goes on");
  else log.error("nothing is deleted for good", { why });
};
