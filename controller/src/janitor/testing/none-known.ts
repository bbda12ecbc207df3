import type { Known } from "../plan-cleaning.ts";

/** What a janitor knows that lost every state of its own. */
export const noneKnown: Known = {
  liveOwners: [],
  uncertainOwners: [],
  succeededOwners: [],
  transferOwners: new Map(),
  snapshotOwners: new Map(),
  heldGuests: [],
  neededCheckpoints: new Map(),
};
