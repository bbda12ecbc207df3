import type { Route } from "./disk-reader.ts";

/** A better way to a disk that was not taken. */
export interface PassedOver {
  readonly route: Route;
  /** In words, without secrets. */
  readonly reason: string;
  /** True for what was known before: a rule, a host that this agent is not near. False for what was tried in vain. */
  readonly isPlanned: boolean;
}

/** What was passed over, in one line; empty for nothing. */
export const passedOverText = (passed: readonly PassedOver[]): string =>
  passed.map(({ route, reason }) => `${route}: ${reason}`).join("; ");
