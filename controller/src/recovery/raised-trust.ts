import type { TrustBundle } from "@holdfast/shared/identity/trust-bundle";

/**
 * The bundle of a rebuilt controller: what the backup's says, under a number that nobody has seen. Seconds since 1970 are more than any
 * count of revocations, also when two recoveries start from one backup. Members keep revoked what the bundle leaves out (P9).
 */
export const raisedTrust = (current: TrustBundle, nowMs: number): TrustBundle => ({
  ...current,
  number: Math.max(current.number + 1, Math.floor(nowMs / 1_000)),
  issuedMs: nowMs,
});
