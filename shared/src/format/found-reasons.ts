/** Why a disk has another mode than was planned, or was found to be otherwise than it was told: words that an agent finds by itself. */
export const foundReasons = {
  "base-unusable": "the base is gone, cannot be healed, or lacks the disk: it is read in full",
  "no-dirty-context": "the host told no changes although the engine had promised them: it is read in full and compared",
  "tracking-lied": "a chunk had changed that the engine calls unchanged: it is read in full and compared",
  "tracking-missed": "it was read whole, and differs from the base beside the changes that the engine told",
} as const;

/** One of them. */
export type FoundReason = keyof typeof foundReasons;

/** Of a disk whose point relies on no checkpoint. */
export const missedReason = "tracking-missed" satisfies FoundReason;
