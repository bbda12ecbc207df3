import type { RandomBytes } from "@holdfast/shared/ids/ids";
import type { ChunkMap } from "./chunk-map.ts";

const drawBytes = 6;
const drawRange = 2 ** (8 * drawBytes);

/** A whole number from 0 to below `limit`, each as likely as the others. */
export const randomBelow = (limit: number, random: RandomBytes): number => {
  const fair = drawRange - (drawRange % limit);
  for (;;) {
    const drawn = Buffer.from(random(drawBytes)).readUIntBE(0, drawBytes);
    if (drawn < fair) return drawn % limit;
  }
};

/**
 * Up to `count` different positions that the engine says are unchanged, drawn by chance, ascending: what an increment reads
 * all the same, since change tracking can lie.
 */
export const pickSample = (map: ChunkMap, count: number, random: RandomBytes): readonly number[] => {
  const total = map.count("unchanged");
  const ranks = [...drawRanks(total, Math.min(count, total), random)].sort((left, right) => left - right);
  const positions: number[] = [];
  let passed = 0;
  for (const run of map.runs()) {
    if (run.action !== "unchanged") continue;
    for (
      let rank = ranks[positions.length];
      rank !== undefined && rank < passed + run.count;
      rank = ranks[positions.length]
    ) {
      positions.push(run.first + rank - passed);
    }
    passed += run.count;
  }
  return positions;
};

/** Different numbers below `total`, without a list of all of them. */
const drawRanks = (total: number, count: number, random: RandomBytes): ReadonlySet<number> => {
  const drawn = new Set<number>();
  for (let limit = total - count; limit < total; limit += 1) {
    const rank = randomBelow(limit + 1, random);
    drawn.add(drawn.has(rank) ? limit : rank);
  }
  return drawn;
};
