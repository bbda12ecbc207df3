import { type DiskRange, mergeRanges } from "./disk-range.ts";

/**
 * At most `most` ranges that name all the positions and, where there are more ranges than that, also what lies between the
 * nearest of them: an answer must fit into one message.
 */
export const limitRanges = (ranges: readonly DiskRange[], most: number): DiskRange[] => {
  const merged = mergeRanges(ranges);
  if (merged.length <= most) return merged;
  const gaps = merged
    .slice(1)
    .flatMap((range, index) => {
      const before = merged[index];
      return before?.diskId === range.diskId ? [range.firstPosition - before.firstPosition - before.count] : [];
    })
    .toSorted((a, b) => a - b);
  const widest = gaps[Math.min(gaps.length, merged.length - most) - 1] ?? 0;
  return mergeRanges(merged.map((range) => ({ ...range, count: range.count + widest }))).map((range) =>
    shorten(range, merged),
  );
};

/** Takes back what was added behind the last position that the range stands for. */
const shorten = (range: DiskRange, merged: readonly DiskRange[]): DiskRange => {
  const end = range.firstPosition + range.count;
  const last = merged.findLast(({ diskId, firstPosition }) => diskId === range.diskId && firstPosition < end);
  return last ? { ...range, count: last.firstPosition + last.count - range.firstPosition } : range;
};
