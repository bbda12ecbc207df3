import { toIso } from "@holdfast/shared/clock/clock";

/** What keeping or removing a configuration is decided by. */
export interface DatedConfiguration {
  readonly number: number;
  readonly createdMs: number;
}

/** How many of the newest are kept, whatever their age. */
const newestKept = 30;

/** Those that may go (F1): all but the newest 30, and of those before, the newest of each month. */
export const superfluous = <T extends DatedConfiguration>(configurations: readonly T[]): readonly T[] => {
  const ordered = configurations.toSorted((left, right) => right.number - left.number);
  const months = new Set<string>();
  return ordered.slice(newestKept).filter(({ createdMs }) => {
    const month = monthOf(createdMs);
    const isNewestOfMonth = !months.has(month);
    months.add(month);
    return !isNewestOfMonth;
  });
};

const monthOf = (atMs: number): string => toIso(atMs).slice(0, 7);
