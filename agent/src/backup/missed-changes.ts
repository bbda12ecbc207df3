import { equalBytes, idAt, idCount } from "@holdfast/shared/format/content-id";
import { leafCapacity } from "@holdfast/shared/format/page";
import type { ChunkMap } from "./chunk-map.ts";

/** Neighbouring chunk positions. */
export interface ChunkRange {
  readonly first: number;
  readonly count: number;
}

/** Ranges that a remark spells out; what is beyond them is counted. */
const mostRanges = 16;

/** Finds what changed since the base though change tracking did not say so, while a disk is read whole. */
export class MissedChanges {
  readonly #told: ChunkMap;
  readonly #covered: number;
  /** By leaf, since a leaf may be done again. */
  readonly #found = new Map<number, readonly ChunkRange[]>();

  /** `told` is the plan by what the engine calls changed; of positions from `covered` on the base says nothing. */
  constructor(told: ChunkMap, covered: number) {
    this.#told = told;
    this.#covered = covered;
  }

  /** Takes a leaf's ids, as they were read and as the base has them. */
  look(leaf: number, ids: Uint8Array, baseIds: Uint8Array): void {
    const ranges: ChunkRange[] = [];
    for (let index = 0; index < idCount(ids); index += 1) {
      const position = leaf * leafCapacity + index;
      if (position >= this.#covered || this.#told.at(position) !== "unchanged") continue;
      if (!equalBytes(idAt(ids, index), idAt(baseIds, index))) append(ranges, { first: position, count: 1 });
    }
    this.#found.set(leaf, ranges);
  }

  /** What was missed, ascending, as long ranges as can be. */
  ranges(): readonly ChunkRange[] {
    const joined: ChunkRange[] = [];
    for (const leaf of [...this.#found.keys()].sort((left, right) => left - right))
      for (const range of this.#found.get(leaf) ?? []) append(joined, range);
    return joined;
  }
}

const append = (ranges: ChunkRange[], next: ChunkRange): void => {
  const last = ranges.at(-1);
  if (last === undefined || last.first + last.count !== next.first) ranges.push(next);
  else ranges[ranges.length - 1] = { first: last.first, count: last.count + next.count };
};

/** Ranges in words: bytes from and to, the last one inclusive. */
export const rangesText = (ranges: readonly ChunkRange[], chunkSize: number): string => {
  const chunks = ranges.reduce((sum, { count }) => sum + count, 0);
  const spelled = ranges
    .slice(0, mostRanges)
    .map(({ first, count }) => `${first * chunkSize}-${(first + count) * chunkSize - 1}`);
  const more = ranges.length > mostRanges ? ` and ${ranges.length - mostRanges} more ranges` : "";
  return `${chunks} chunks, bytes ${spelled.join(", ")}${more}`;
};
