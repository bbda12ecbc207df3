import type { ServiceDeps } from "./deps.ts";

/** The time of this machine, and why nothing is deleted for good now; empty when it may be. */
export const describeDeletion = ({
  store,
  clock,
}: Pick<ServiceDeps, "store" | "clock">): { readonly clockMs: bigint; readonly deletionSuspended: string } => ({
  clockMs: BigInt(Math.round(clock.nowMs())),
  deletionSuspended: store.guardedClock.deletionAllowed().why,
});
