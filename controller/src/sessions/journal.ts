/** What kinds of things of ours an engine may have. */
export const journalKinds = ["capture", "snapshot", "freeze", "transfer", "disk", "vm"] as const;

/** One of them; a `freeze` is a guest whose file systems hold still until it is thawed. */
export type JournalKind = (typeof journalKinds)[number];

/** Intent: written before the engine is asked (A2), removed when nothing of it is left there. */
export interface JournalEntry {
  readonly managerId: string;
  readonly taskId: string;
  readonly attemptNumber: number;
  readonly attemptId: string;
  readonly kind: JournalKind;
  /** The VM it belongs to; empty for none. */
  readonly vmId: string;
  /** The object's id on the engine; for a transfer, whose id is not ours to choose, the disk's. */
  readonly objectId: string;
  /** What became known later, such as a hybrid capture's `snapshotId` or a transfer's `transferId`. Never a ticket. */
  readonly facts: Readonly<Record<string, string>>;
}

/** True for a guest that somebody still has to thaw. */
export const isHeld = ({ kind, facts }: Pick<JournalEntry, "kind" | "facts">): boolean =>
  kind === "freeze" && facts["thawed"] !== "true";
