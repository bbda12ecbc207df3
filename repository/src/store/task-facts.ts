/** One try of a task (R5): its number, and the random id that tells two tries of one number apart. */
export interface Attempt {
  readonly number: number;
  readonly attemptId: string;
}

/** An attempt, and the epoch of the owner that wrote the object which tells of it. */
export interface AttemptInEpoch extends Attempt {
  readonly epoch: number;
}

/** A fence: every attempt up to `number` is retired. */
export interface FenceInEpoch {
  readonly number: number;
  readonly epoch: number;
}

/** What the repository's objects say of one task; all of it is durable and only ever grows. */
export interface TaskFacts {
  readonly opened: readonly AttemptInEpoch[];
  readonly fenced: readonly FenceInEpoch[];
  /** The attempt whose manifest of that epoch is the task's point, for ever. */
  readonly committed?: AttemptInEpoch;
}

/** Nothing is known of the task. */
export const noFacts: TaskFacts = { opened: [], fenced: [] };

/** True for the same try: number and random id agree. */
export const isSameAttempt = (a: Attempt, b: Attempt): boolean => a.number === b.number && a.attemptId === b.attemptId;

/** The highest number that a fact retires or opens: the next attempt must be above it. */
export const highestNumber = ({ opened, fenced }: TaskFacts): number =>
  Math.max(0, ...opened.map(({ number }) => number), ...fenced.map(({ number }) => number));

/** True when a fence or another open ended this attempt, in whatever epoch: an owner refuses on any of them (A3). */
export const isRetired = (facts: TaskFacts, attempt: Attempt): boolean => isRetiredSince(facts, attempt, 0);

/**
 * True when a manifest that was written in `manifest.epoch` can never become a point (C9). A fact of an older epoch does
 * not count: it landed after its owner had lost the repository, so it was never acknowledged (R13). The owner of the epoch
 * `closedBy` had decided about everything that was there: what is older and still undecided landed later.
 */
export const isOrphan = (facts: TaskFacts, manifest: AttemptInEpoch, closedBy = 0): boolean =>
  manifest.epoch < closedBy || isRetiredSince(facts, manifest, manifest.epoch);

const isRetiredSince = ({ opened, fenced }: TaskFacts, attempt: Attempt, epoch: number): boolean => {
  if (fenced.some((fence) => fence.epoch >= epoch && fence.number >= attempt.number)) return true;
  return opened.some((other) => other.epoch >= epoch && endsByOpening(other, attempt));
};

const endsByOpening = (opened: Attempt, attempt: Attempt): boolean =>
  opened.number > attempt.number || (opened.number === attempt.number && opened.attemptId !== attempt.attemptId);

/**
 * The manifest that is the task's point, or will be as soon as an owner is asked (C9): the committed one, else one that is
 * no orphan; of several, which are then of one attempt, that of the highest epoch.
 */
export const pointAmong = <Manifest extends AttemptInEpoch>(
  facts: TaskFacts,
  manifests: readonly Manifest[],
  closedBy = 0,
): Manifest | undefined => {
  const { committed } = facts;
  const candidates = manifests.filter((manifest) =>
    committed
      ? isSameAttempt(manifest, committed) && manifest.epoch === committed.epoch
      : !isOrphan(facts, manifest, closedBy),
  );
  return candidates.sort((a, b) => b.epoch - a.epoch)[0];
};
