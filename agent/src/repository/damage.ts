import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

/** What is told of chunks that a point names and the repository cannot give: which disk, which positions. */
export const hurt = (diskId: string, positions: readonly number[]): HoldfastError => {
  const ranges = toRanges(positions);
  return new HoldfastError("POINT_HURT", `disk ${diskId} of the point is damaged at chunks ${ranges}`, {
    details: { diskId, chunks: ranges },
  });
};

/** Ascending positions as `3, 7-9`. */
const toRanges = (positions: readonly number[]): string => {
  const ranges: [number, number][] = [];
  for (const position of positions) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === position - 1) last[1] = position;
    else ranges.push([position, position]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(", ");
};
