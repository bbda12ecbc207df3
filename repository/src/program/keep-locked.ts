import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { Clock } from "@holdfast/shared/clock/clock";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { Catalog } from "../catalog/catalog.ts";
import { lockPass } from "../locks/lock-pass.ts";
import type { ObjectRetention } from "../store/object-store.ts";
import type { RepositoryStore } from "../store/repository-store.ts";

/** How often the locks of the storage are looked at. */
const everyMs = 24 * 3_600_000;
/** How soon again when it failed. */
const againMs = 3_600_000;

/** What keeping locks needs beside the store. */
export interface KeepLockedDeps {
  readonly catalog: Catalog;
  readonly immutabilityMs: number | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Where the storage can lock, keeps locked what nobody may remove: now and every day, until it is disposed of. */
export const keepLocked = (store: RepositoryStore, { clock, log, ...rest }: KeepLockedDeps): AsyncDisposable => {
  const { retention } = store;
  const stop = new AbortController();
  const keep = async (retention: ObjectRetention): Promise<void> => {
    while (!stop.signal.aborted) {
      let waitMs = everyMs;
      try {
        const { objects, lengthened } = await lockPass({ store, retention, ...rest }, stop.signal);
        if (lengthened > 0) log.info("locks of the storage were lengthened", { objects, lengthened });
      } catch (caught) {
        if (stop.signal.aborted || hasCode(caught, "REPOSITORY_NOT_OWNED")) return;
        log.error("locks of the storage could not be lengthened", { err: caught });
        waitMs = againMs;
      }
      await clock.sleep(waitMs, stop.signal);
    }
  };
  const keeping = retention === undefined ? Promise.resolve() : keep(retention).catch(() => undefined);
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await keeping;
    },
  };
};
