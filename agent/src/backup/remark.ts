/** Something unplanned that an attempt met and got over (R10). */
export interface Remark {
  readonly code: RemarkCode;
  readonly message: string;
  /** Empty when it concerns no single disk. */
  readonly diskId: string;
}

/** Stable names of what an attempt may meet and get over. */
export type RemarkCode =
  /** A chunk had changed that the engine's change tracking calls unchanged. */
  | "TRACKING_LIED"
  /** A disk was read whole and differs from its base beside the changes that the engine told. */
  | "TRACKING_MISSED_CHANGES"
  /** The engine promised an increment, but the host tells no changes. */
  | "TRACKING_UNAVAILABLE"
  /** The base is gone, cannot be healed, or lacks the disk. */
  | "BASE_UNUSABLE"
  /** The repository had lost chunks of the base: they were read again (reason `heal`). */
  | "CHUNKS_HEALED"
  /** A better way to the disk was tried and did not answer, or broke in the middle; another one did. */
  | "ROUTE_FELL_BACK"
  /** The engine's transfer broke; the rest was read through a fresh one of the same capture. */
  | "TRANSFER_RENEWED";
