/** How long to wait between tries. */
export interface Backoff {
  /** Milliseconds before the first repetition. */
  readonly firstMs: number;
  /** The most that a wait grows to. */
  readonly maxMs: number;
  /** What each wait is multiplied by for the next (default 2). */
  readonly factor?: number;
}

/** A number of `[0, 1)`; as a dependency, so that tests know it. */
export type RandomFraction = () => number;

/** Milliseconds before repetition `n` (1 is the first): exponential, with the upper half left to chance so that many do not come back at once. */
export const delayMs = ({ firstMs, maxMs, factor = 2 }: Backoff, n: number, random: RandomFraction): number => {
  const full = Math.min(maxMs, firstMs * factor ** (n - 1));
  return full / 2 + (full / 2) * random();
};
