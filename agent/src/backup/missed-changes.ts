import { equalBytes, idAt, idCount } from "@holdfast/shared/format/content-id";
import { leafCapacity } from "@holdfast/shared/format/page";
import type { ChunkMap } from "./chunk-map.ts";

/** Neighbouring chunk positions. */
export interface ChunkRange {
  readonly first: number;
  readonly count: number;
}

/** Ranges that a remark spells out, and all that is kept of a disk; what is beyond them is counted. */
const mostRanges = 16;

/** Finds what changed since the base though change tracking did not say so, while a disk is read whole. */
export class MissedChanges {
  readonly #told: ChunkMap;
  readonly #covered: number;
  /** Chunks by leaf, since a leaf may be done again; leaves without any are left out. */
  readonly #chunks = new Map<number, number>();
  #total = 0;
  #ranges: readonly ChunkRange[] = [];

  /** `told` is the plan by what the engine calls changed; of positions from `covered` on the base says nothing. */
  constructor(told: ChunkMap, covered: number) {
    this.#told = told;
    this.#covered = covered;
  }

  /** Takes a leaf's ids, as they were read and as the base has them. */
  look(leaf: number, ids: Uint8Array, baseIds: Uint8Array): void {
    const start = leaf * leafCapacity;
    const own: ChunkRange[] = [];
    let chunks = 0;
    for (let index = 0; index < idCount(ids); index += 1) {
      const position = start + index;
      if (position >= this.#covered || this.#told.at(position) !== "unchanged") continue;
      if (equalBytes(idAt(ids, index), idAt(baseIds, index))) continue;
      chunks += 1;
      if (own.length < mostRanges || isNext(own.at(-1), position)) append(own, { first: position, count: 1 });
    }
    const former = this.#chunks.get(leaf) ?? 0;
    if (chunks === 0 && former === 0) return;
    this.#total += chunks - former;
    this.#chunks.set(leaf, chunks);
    this.#ranges = joined([...without(this.#ranges, start, start + idCount(ids)), ...own]).slice(0, mostRanges);
  }

  /** Chunks that were missed. */
  get chunks(): number {
    return this.#total;
  }

  /** The first of what was missed, ascending, as long ranges as can be. */
  get ranges(): readonly ChunkRange[] {
    return this.#ranges;
  }
}

/** What lies outside of positions `from` to `to`, the latter exclusive. */
const without = (ranges: readonly ChunkRange[], from: number, to: number): readonly ChunkRange[] =>
  ranges
    .flatMap(({ first, count }) => {
      const end = first + count;
      const after = Math.max(first, to);
      return [
        { first, count: Math.min(end, from) - first },
        { first: after, count: end - after },
      ];
    })
    .filter(({ count }) => count > 0);

const joined = (ranges: readonly ChunkRange[]): readonly ChunkRange[] => {
  const all: ChunkRange[] = [];
  for (const range of ranges.toSorted((left, right) => left.first - right.first)) append(all, range);
  return all;
};

const isNext = (last: ChunkRange | undefined, position: number): boolean =>
  last !== undefined && last.first + last.count === position;

const append = (ranges: ChunkRange[], next: ChunkRange): void => {
  const last = ranges.at(-1);
  if (last === undefined || !isNext(last, next.first)) ranges.push(next);
  else ranges[ranges.length - 1] = { first: last.first, count: last.count + next.count };
};

/** In words: all chunks counted, the first ranges in bytes from and to, the last one inclusive. */
export const missedText = ({ chunks, ranges }: Pick<MissedChanges, "chunks" | "ranges">, chunkSize: number): string => {
  const spelled = ranges.map(({ first, count }) => `${first * chunkSize}-${(first + count) * chunkSize - 1}`);
  const rest = chunks - ranges.reduce((sum, { count }) => sum + count, 0);
  return `${chunks} chunks, bytes ${spelled.join(", ")}${rest > 0 ? ` and ${rest} chunks more` : ""}`;
};
