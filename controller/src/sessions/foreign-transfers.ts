import type { JournalEntry } from "./journal.ts";

/** The facts of an opening that is about to be asked for: transfers of the disk that are there already. */
export const toForeignFacts = (transferIds: readonly string[]): JournalEntry["facts"] =>
  transferIds.length === 0 ? {} : { foreign: transferIds.join(" ") };

/** The transfers that were there before an opening was asked for; none once its answer is known, since that names ours. */
export const foreignTransfersOf = ({ facts }: Pick<JournalEntry, "facts">): readonly string[] =>
  facts["foreign"]?.split(" ") ?? [];
