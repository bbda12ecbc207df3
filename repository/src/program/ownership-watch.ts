import type { Clock } from "@holdfast/shared/clock/clock";
import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { RepositoryStore } from "../store/repository-store.ts";

/** How often a server looks for a higher epoch although nothing asks it to. */
const everyMs = 10_000;

/** A look at the epochs again and again. */
export interface OwnershipWatch extends AsyncDisposable {
  /** Rejects with REPOSITORY_NOT_OWNED once a higher epoch exists; never resolves. */
  readonly lost: Promise<never>;
}

/** Notices soon when another server took the repository over; what is irreversible looks for itself (R13). */
export const watchOwnership = (store: RepositoryStore, clock: Clock): OwnershipWatch => {
  const stop = new AbortController();
  const { promise: lost, reject } = Promise.withResolvers<never>();
  const watch = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await clock.sleep(everyMs, stop.signal);
      try {
        await store.assertOwned();
      } catch (caught) {
        // Storage that does not answer says nothing about who owns it.
        if (!hasCode(caught, "REPOSITORY_NOT_OWNED")) continue;
        reject(caught);
        return;
      }
    }
  };
  const watching = watch().catch(() => undefined);
  return {
    lost,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await watching;
    },
  };
};
