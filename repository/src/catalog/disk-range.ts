/** A run of chunk positions of one disk. */
export interface DiskRange {
  readonly diskId: string;
  readonly firstPosition: number;
  readonly count: number;
}

/** True when one of the ranges names that position of that disk. */
export const namesPosition = (ranges: readonly DiskRange[], diskId: string, position: number): boolean =>
  ranges.some(
    (range) =>
      range.diskId === diskId && position >= range.firstPosition && position < range.firstPosition + range.count,
  );

/** True when the ranges name every one of these positions. */
export const nameAll = (ranges: readonly DiskRange[], { diskId, firstPosition, count }: DiskRange): boolean => {
  const end = firstPosition + count;
  const reach = mergeRanges(ranges).find(
    (range) =>
      range.diskId === diskId && range.firstPosition <= firstPosition && range.firstPosition + range.count >= end,
  );
  return reach !== undefined;
};

/** Gathers single positions, which come in ascending order disk by disk, into as few ranges as there are. */
export class RangeCollector<Extra extends object = object> {
  readonly #ranges: (DiskRange & Extra)[] = [];
  readonly #isSame: (a: Extra, b: Extra) => boolean;

  /** `isSame` tells whether two neighbours may share a range; always unless given. */
  constructor(isSame: (a: Extra, b: Extra) => boolean = () => true) {
    this.#isSame = isSame;
  }

  add(diskId: string, position: number, extra: Extra): void {
    const last = this.#ranges.at(-1);
    const continues =
      last?.diskId === diskId && last.firstPosition + last.count === position && this.#isSame(last, extra);
    if (continues) this.#ranges[this.#ranges.length - 1] = { ...last, count: last.count + 1 };
    else this.#ranges.push({ ...extra, diskId, firstPosition: position, count: 1 });
  }

  get ranges(): readonly (DiskRange & Extra)[] {
    return this.#ranges;
  }
}

/** The same positions in as few ranges as there are, disk by disk, ascending. */
export const mergeRanges = (ranges: readonly DiskRange[]): DiskRange[] => {
  const sorted = ranges.toSorted(
    (a, b) => (a.diskId < b.diskId ? -1 : Number(a.diskId > b.diskId)) || a.firstPosition - b.firstPosition,
  );
  const merged: DiskRange[] = [];
  for (const { diskId, firstPosition, count } of sorted) {
    const last = merged.at(-1);
    if (last?.diskId !== diskId || firstPosition > last.firstPosition + last.count) {
      merged.push({ diskId, firstPosition, count });
      continue;
    }
    const end = Math.max(last.firstPosition + last.count, firstPosition + count);
    merged[merged.length - 1] = { ...last, count: end - last.firstPosition };
  }
  return merged;
};
