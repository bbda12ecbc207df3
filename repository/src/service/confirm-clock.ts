import type { ServiceDeps } from "./deps.ts";
import { describeDeletion } from "./describe-deletion.ts";
import type { Calls } from "./types.ts";

/** An operator says that the clock of this machine is right: what suspended deletion is over (K10). */
export const confirmClock =
  (deps: ServiceDeps): Calls["confirmClock"] =>
  async () => {
    await deps.store.guardedClock.confirm();
    deps.log.info("the clock was confirmed", { clockMs: deps.clock.nowMs() });
    return describeDeletion(deps);
  };
