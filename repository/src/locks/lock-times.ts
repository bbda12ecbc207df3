import { parsePackName, parsePointName } from "../store/object-names.ts";

/** Locks are lengthened in steps, so that each is asked for once in so many days. */
export const lockStepMs = 10 * 24 * 3_600_000;

/** Until when the storage locks an object that is written at `nowMs`: packs serve points of the next days too. */
export const lockOfNewObject = (name: string, nowMs: number, immutabilityMs: number): number | undefined => {
  if (parsePackName(name) !== undefined) return nowMs + immutabilityMs + 2 * lockStepMs;
  return parsePointName(name) === undefined ? undefined : nowMs + immutabilityMs;
};

/** What a point's packs need: its own time, and room for the points that are made from it until the next look. */
export const neededLockMs = (
  immutableUntilMs: number | undefined,
  nowMs: number,
  immutabilityMs: number | undefined,
): number => Math.max(immutableUntilMs ?? 0, immutabilityMs === undefined ? 0 : nowMs + immutabilityMs + lockStepMs);
