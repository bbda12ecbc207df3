import type { Worker } from "./worker.ts";

/** Why a worker cannot be used now; empty when it can, also when it has rested long enough to be tried again. */
export const unhealthyReasonOf = (
  { unhealthyReason, unhealthyMs }: Pick<Worker, "unhealthyReason" | "unhealthyMs">,
  nowMs: number,
  restMs: number,
): string => (nowMs - unhealthyMs >= restMs ? "" : unhealthyReason);
