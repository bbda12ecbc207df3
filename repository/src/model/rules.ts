/** The rules of the protocol that the model can break one by one, to show that the explorer would notice. */
export interface Rules {
  /** C7: a manifest is written only when every pack that the upload depends on is durable. */
  readonly commitWaitsForPacks: boolean;
  /** The index names only records of durable packs. */
  readonly indexNamesOnlyDurable: boolean;
  /** U1: an upload ends when a pack that it depends on could not be made durable. */
  readonly uploadsEndWithTheirPack: boolean;
  /** C8, A2, A5 (R13): publish, then list the epochs, then acknowledge. */
  readonly listsEpochsBeforeAcknowledging: boolean;
  /** C9: a new owner takes its epoch before it looks for points. */
  readonly looksAfterTakingItsEpoch: boolean;
  /** C9: a new owner commits a manifest that is no orphan before it serves. */
  readonly adoptsAtStart: boolean;
  /** A6, C3: uploads of retired attempts end, and their commits are refused. */
  readonly fencesStopCommits: boolean;
  /** A5: a fence is an object before it is acknowledged. */
  readonly fenceIsDurable: boolean;
  /** A1, A5: what is committed is looked for before an opened object or a fence is written. */
  readonly looksBeforeFencing: boolean;
  /** A8: an owner writes facts of its own epoch even where an older owner's stand. */
  readonly factsOfOwnEpoch: boolean;
  /** C9: a fact of an older epoch than the manifest's does not make it an orphan. */
  readonly staleFactsDoNotCount: boolean;
}

/** The protocol as it is written. */
export const protocolRules: Rules = {
  commitWaitsForPacks: true,
  indexNamesOnlyDurable: true,
  uploadsEndWithTheirPack: true,
  listsEpochsBeforeAcknowledging: true,
  looksAfterTakingItsEpoch: true,
  adoptsAtStart: true,
  fencesStopCommits: true,
  fenceIsDurable: true,
  looksBeforeFencing: true,
  factsOfOwnEpoch: true,
  staleFactsDoNotCount: true,
};
