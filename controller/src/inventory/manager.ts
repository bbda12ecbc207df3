/** A connected oVirt Manager as it is kept. */
export interface ManagerRecord {
  readonly managerId: string;
  readonly name: string;
  /** Base address, such as `https://engine.example.org`. */
  readonly url: string;
  /** `user@profile`. */
  readonly username: string;
  /** Only sealed (R12). */
  readonly passwordSealed: string;
  /** Pinned anchor of the API. */
  readonly apiAnchorPem: string;
  /** Pinned anchor of hosts and the imageio proxy. */
  readonly imageioAnchorPem: string;
  readonly engineInstanceId: string;
  readonly engineVersion: string;
  /** Why the engine refused the login; until an operator acts nothing is asked of it (R14). Null: not refused. */
  readonly refusedReason: string | null;
  /** How often an operator has trusted it anew: checkpoints of an earlier era are doubted. */
  readonly era: number;
  readonly createdMs: number;
}

/** Whether a manager can be worked with now. */
export type ManagerState = "connected" | "unreachable" | "untrusted" | "replaced" | "credentials-refused";
