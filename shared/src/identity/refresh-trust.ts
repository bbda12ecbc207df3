import type { Clock } from "../clock/clock.ts";
import { askControllers, callController } from "./ask-controller.ts";
import type { OpenMembership } from "./open-membership.ts";

/** Asks a controller's API for the newest trust bundle and takes it; fails as `TrustKeeper.accept` does. */
export const refreshTrust = async (
  { membership, holder, trust }: OpenMembership,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> => {
  const answer = await askControllers(
    membership.controllers,
    (address, each) => callController(address, holder.current, (calls) => calls.getTrust({}, { signal: each })),
    { clock, signal },
  );
  await trust.accept(answer.trust);
};
