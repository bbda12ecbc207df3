/** A permit that our user has on something below the system only. */
export interface NarrowPermit {
  readonly permit: string;
  /** Kind and id of the object, such as `data_center 0b1c…`. */
  readonly on: string;
}

/** What the engine lets our user do, as it tells itself. */
export interface HeldRights {
  /** True when a role of the user is an administrator's: then lists are whole, with hosts. */
  readonly administrative: boolean;
  /** Permits on the system, so on everything. */
  readonly everywhere: readonly string[];
  readonly narrow: readonly NarrowPermit[];
}

/** Reading our own rights. */
export interface RightsReader {
  /** What the account of this name, which is the one that is logged in, may do; undefined when the engine does not show it to itself. */
  readRights(username: string, signal: AbortSignal): Promise<HeldRights | undefined>;
}
