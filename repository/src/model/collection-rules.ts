/** The rules of collection that the model can break one by one, to show that the explorer would notice. */
export interface CollectionRules {
  /** G3: bits die with their collection; broken: the next owner goes on with those of the former one (resumed marks). */
  readonly marksDieWithTheirOwner: boolean;
  /** C7: broken: a commit goes on although a pack that it needs is open (commit on an open pack). */
  readonly commitWaitsForPacks: boolean;
  /** G9: broken: packs are removed before the plan is durable and anybody was looked for (delete before looking). */
  readonly plansBeforeRemoving: boolean;
  /** A6, C3: broken: a retired attempt goes on and commits (unfenced commit). */
  readonly fencesStopCommits: boolean;
  /** G6: broken: a record of a condemned pack is called known (revival of a condemned pack). */
  readonly condemnedIsAbsent: boolean;
  /** G6: broken: only what uploads used when the collection began is spared (sweep without the generation check). */
  readonly sparesWhatIsUsedSince: boolean;
  /** G7: broken: what a commit needs is let go when its upload ends. */
  readonly commitsHoldTheirUses: boolean;
  /** G7: broken: what a commit needs is let go when it is told that it failed. */
  readonly unknownCommitsHoldTheirUses: boolean;
  /** G10: broken: a new owner reads the log of plans and does not close it. */
  readonly closesTheLog: boolean;
  /**
   * Format 6.5: broken: an owner that finds a later one's plan in the log adds its own behind it. The next rule would still
   * save it: the harm shows without both.
   */
  readonly stopsAtALaterPlan: boolean;
  /** Format 6.5: broken: an owner that closed the log serves although a later one took its epoch before. */
  readonly looksAfterClosing: boolean;
  /** C9: broken: what a former owner writes after the log was closed may become a point. */
  readonly lateManifestsAreVoid: boolean;
  /** G5: broken: a wasteful pack is condemned before its copies are there. */
  readonly copiesBeforeCondemning: boolean;
  /** I5: broken: the index keeps naming the pack that it knew first. */
  readonly indexNamesTheNewest: boolean;
  /** Format 6.5: broken: catching up takes in whatever is there. */
  readonly catchUpSkipsCondemned: boolean;
}

/** The protocol as it is written. */
export const collectionRules: CollectionRules = {
  marksDieWithTheirOwner: true,
  commitWaitsForPacks: true,
  plansBeforeRemoving: true,
  fencesStopCommits: true,
  condemnedIsAbsent: true,
  sparesWhatIsUsedSince: true,
  commitsHoldTheirUses: true,
  unknownCommitsHoldTheirUses: true,
  closesTheLog: true,
  stopsAtALaterPlan: true,
  looksAfterClosing: true,
  lateManifestsAreVoid: true,
  copiesBeforeCondemning: true,
  indexNamesTheNewest: true,
  catchUpSkipsCondemned: true,
};
